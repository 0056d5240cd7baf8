// The resize's vectorised loops against the plain ones, and boxes that begin between pixels. That
// the numbers are PIL's is told by tst_resize_oracle.
#include "core/base/rng.h"
#include "core/data/resize.h"
#include "core/data/resize_rows.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace graft;

class TestResize : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void variantsGiveTheSameBytes_data();
    void variantsGiveTheSameBytes();
    void nothingOutsideTheBoxIsSeen();
    void boxesBetweenPixels();
    void memoryIsUsedAgain();
};

namespace {

Image noise(int width, int height, std::uint64_t seed) {
    Rng rng("noise", {seed});
    Image image = Image::blank(width, height);
    for (std::uint8_t& value : image.rgb) {
        value = std::uint8_t(rng.next());
    }
    return image;
}

/// Any axis that stays inside `inputSize` pixels; weights as of a cubic, some of them negative.
ResizeAxis anyAxis(Rng& rng, int inputSize, std::size_t length) {
    ResizeAxis axis;
    const int most = 1 + int(rng.below(std::uint64_t(std::min(inputSize, 13))));
    const bool anywhere = rng.below(2) == 0;  // else in order, as a resize has them
    axis.taps = (most + 3) / 4 * 4;
    axis.weights.assign(length * std::size_t(axis.taps), 0);
    for (std::size_t i = 0; i < length; ++i) {
        const int count = 1 + int(rng.below(std::uint64_t(most)));
        axis.count.push_back(count);
        axis.first.push_back(anywhere ? int(rng.below(std::uint64_t(inputSize - count + 1)))
                                      : int(i) * (inputSize - most + 1) / int(length));
        for (int k = 0; k < count; ++k) {
            const double weight = rng.uniform(-0.3, 1.3) / count;
            axis.weights[i * std::size_t(axis.taps) + std::size_t(k)] =
                std::int32_t(weight * (1 << kResizeFractionBits));
        }
    }
    return axis;
}

}  // namespace

void TestResize::variantsGiveTheSameBytes_data() {
    QTest::addColumn<int>("variant");
    QTest::newRow("AVX2") << int(ResizeVariant::Avx2);
    QTest::newRow("AVX-512") << int(ResizeVariant::Avx512);
}

void TestResize::variantsGiveTheSameBytes() {
    QFETCH(const int, variant);
    const auto fastOne = ResizeVariant(variant);
    if (!std::ranges::count(resizeVariants(), fastOne)) {
        QSKIP("This processor does not have it.");
    }
    Rng rng("axes", {4});
    std::set<int> tapsMet;  // of the axes that it served: where pixels lie far apart, it cannot
    for (int round = 0; round < 400; ++round) {
        const int inputSize = 1 + int(rng.below(90));
        const std::size_t length = 1 + std::size_t(rng.below(70));
        ResizeAxis axis = anyAxis(rng, inputSize, length);
        spreadWeights(fastOne, axis);
        // Exactly as much memory as may be touched: the sanitizers watch its ends.
        std::vector<std::uint8_t> row(3 * std::size_t(inputSize) + readSlack(axis));
        for (std::uint8_t& value : row) {
            value = std::uint8_t(rng.next());
        }
        std::vector<std::uint8_t> plain(3 * length + kWriteSlack);
        std::vector<std::uint8_t> fast(3 * length + kWriteSlack);
        narrowRow(row.data(), axis, fast.data());
        if (axis.variant == fastOne) {
            tapsMet.insert(axis.taps);
        }
        spreadWeights(ResizeVariant::Plain, axis);
        narrowRow(row.data(), axis, plain.data());
        QVERIFY(std::equal(plain.begin(), plain.end() - kWriteSlack, fast.begin()));

        const std::size_t values = 1 + std::size_t(rng.below(200));
        const std::size_t stride = values + std::size_t(rng.below(5));
        const int count = axis.count[0];
        std::vector<std::uint8_t> rows(stride * std::size_t(count - 1) + values);
        for (std::uint8_t& value : rows) {
            value = std::uint8_t(rng.next());
        }
        plain.assign(values, 0);
        fast.assign(values, 0);
        mixRows(ResizeVariant::Plain, rows.data(), stride, axis.weightsOf(0), count, values,
                plain.data());
        mixRows(fastOne, rows.data(), stride, axis.weightsOf(0), count, values, fast.data());
        QVERIFY(plain == fast);
    }
    QCOMPARE(tapsMet, (std::set<int>{4, 8, 12, 16}));
}

void TestResize::nothingOutsideTheBoxIsSeen() {
    const Image image = noise(80, 60, 1);
    Rng rng("boxes", {2});
    for (int round = 0; round < 60; ++round) {
        const PixelRect rect{int(rng.below(40)), int(rng.below(30)), 1 + int(rng.below(40)),
                             1 + int(rng.below(30))};
        Image alone = Image::blank(rect.width, rect.height);
        for (int y = 0; y < rect.height; ++y) {
            std::copy_n(image.row(rect.y + y) + 3 * rect.x, 3 * rect.width, alone.row(y));
        }
        for (const Interpolation way : {Interpolation::Bilinear, Interpolation::Bicubic}) {
            const int side = 1 + int(rng.below(50));
            QVERIFY(resizePart(image, rect, side, 31, {0, 0, side, 31}, way) ==
                    resizeImage(alone, side, 31, way));
        }
    }
}

void TestResize::boxesBetweenPixels() {
    // A ramp of 2 levels a pixel keeps its values wherever the box begins.
    Image ramp = Image::blank(100, 8);
    for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 100; ++x) {
            std::fill_n(ramp.row(y) + 3 * x, 3, std::uint8_t(2 * x + 20));
        }
    }
    for (const double start : {10.0, 10.25, 10.5, 17.75}) {
        Image out;
        resizeInto(ramp, {start, 1.5, 40, 5}, 20, 5, {0, 0, 20, 5}, Interpolation::Bilinear, out);
        for (int x = 2; x < 18; ++x) {
            // The middle of output pixel x lies at start + 2 x + 1.
            const double expected = 2 * (start + 2 * x + 1 - 0.5) + 20;
            QVERIFY2(std::abs(out.row(2)[3 * x] - expected) <= 1.0,
                     qPrintable(QString("%1 at %2: %3").arg(start).arg(x).arg(out.row(2)[3 * x])));
        }
    }
}

void TestResize::memoryIsUsedAgain() {
    const Image image = noise(50, 40, 3);
    Image out;
    resizeInto(image, {0, 0, 50, 40}, 30, 30, {0, 0, 30, 30}, Interpolation::Bilinear, out);
    const std::uint8_t* const memory = out.rgb.data();
    const Image first = out;
    resizeInto(noise(70, 90, 4), {3, 5, 60, 70}, 30, 30, {0, 0, 30, 30}, Interpolation::Bilinear,
               out);
    QVERIFY(!(out == first));
    resizeInto(image, {0, 0, 50, 40}, 30, 30, {0, 0, 30, 30}, Interpolation::Bilinear, out);
    QVERIFY(out == first);
    QVERIFY(out.rgb.data() == memory);
}

QTEST_GUILESS_MAIN(TestResize)
#include "tst_resize.moc"
