// Evaluating pictures on disk: same answers as the network one by one, whatever the number of
// loader threads; unreadable pictures are problems, not failures.
#include "core/analysis/evaluator.h"
#include "core/data/image_reader.h"
#include "tests/support/picture_folder.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>

using namespace graft;

namespace {

constexpr int kPictures = 70;  // more than two batches
constexpr int kBroken = 41;
constexpr int kClasses = 3;

std::vector<ClassInfo> classes() {
    return {{1, "a"}, {2, "b"}, {3, "c"}};
}

std::shared_ptr<Classifier> network() {
    ModelSpec spec;
    return *Classifier::create(spec, kClasses, 5);
}

}  // namespace

class EvaluatorTest : public QObject {
    Q_OBJECT

 private Q_SLOTS:
    void initTestCase();
    void sameAsOneByOne();
    void threadsDoNotMatter();
    void modesAndGradients();
    void cancelled();
    void refusals();
    void nothingToDo();

 private:
    QTemporaryDir m_folder;
    std::vector<LoaderItem> m_items;
};

void EvaluatorTest::initTestCase() {
    for (int i = 0; i < kPictures; ++i) {
        Image image = Image::blank(70 + i % 3, 80);
        Rng rng("picture", {std::uint64_t(i)});
        const auto base = int(rng.below(200));
        for (std::uint8_t& value : image.rgb) {
            value = std::uint8_t(base + int(rng.below(56)));
        }
        const std::string path =
            m_folder.filePath("picture " + QString::number(i) + ".bmp").toStdString();
        if (i == kBroken) {
            std::ofstream(path) << "not a picture";
        } else {
            graft::testing::writeBmp(path, image);
        }
        m_items.push_back({SampleId(100 + i), {path, -1}, i % kClasses});
    }
}

void EvaluatorTest::sameAsOneByOne() {
    const auto classifier = network();
    Progress progress;
    const auto evaluation = evaluateItems(*classifier, m_items, classes(), 2, progress);
    QVERIFY2(evaluation.ok(), evaluation.ok() ? "" : evaluation.error().text().c_str());
    QCOMPARE(evaluation->count, std::int64_t(kPictures - 1));
    QCOMPARE(evaluation->predictions.size(), std::size_t(kPictures));
    QCOMPARE(evaluation->problems.size(), std::size_t(1));
    QVERIFY(QString::fromStdString(evaluation->problems[0].path).contains("picture 41"));
    QCOMPARE(evaluation->predictions[kBroken].predicted, -1);
    QVERIFY(evaluation->predictions[kBroken].probabilities.empty());
    QCOMPARE(progress.state().done, std::int64_t(kPictures));

    const torch::NoGradGuard noGrad;
    const Preprocess& preprocess = classifier->preprocess();
    double loss = 0;
    std::int64_t correct = 0;
    for (std::size_t i = 0; i < m_items.size(); ++i) {
        if (i == kBroken) {
            continue;
        }
        const Image view = evaluationView(*readImage(m_items[i].image), preprocess);
        torch::Tensor x = torch::empty({1, 3, preprocess.inputSize, preprocess.inputSize});
        normalizeTo(view, preprocess, x.data_ptr<float>());
        const torch::Tensor probabilities = torch::softmax(classifier->forward(x), 1)[0];
        const SamplePrediction& prediction = evaluation->predictions[i];
        QCOMPARE(prediction.sample, m_items[i].id);
        QCOMPARE(prediction.truth, int(m_items[i].target));
        QCOMPARE(std::int64_t(prediction.predicted), probabilities.argmax().item<std::int64_t>());
        for (int c = 0; c < kClasses; ++c) {
            const double p = probabilities[c].item<double>();
            QVERIFY(std::abs(p - double(prediction.probabilities[std::size_t(c)])) < 1e-5);
        }
        loss -= std::log(probabilities[m_items[i].target].item<double>());
        correct += prediction.predicted == prediction.truth ? 1 : 0;
    }
    QVERIFY(std::abs(evaluation->loss - loss / (kPictures - 1)) < 1e-5);
    QCOMPARE(evaluation->correct, correct);
    QCOMPARE(evaluation->accuracy, double(correct) / (kPictures - 1));
}

void EvaluatorTest::threadsDoNotMatter() {
    const auto classifier = network();
    std::vector<std::vector<float>> first;
    for (const int threads : {0, 1, 3}) {
        Progress progress;
        const auto evaluation = evaluateItems(*classifier, m_items, classes(), threads, progress);
        QVERIFY(evaluation.ok());
        std::vector<std::vector<float>> all;
        for (const SamplePrediction& prediction : evaluation->predictions) {
            all.push_back(prediction.probabilities);
        }
        QVERIFY(first.empty() || first == all);
        first = std::move(all);
    }
}

void EvaluatorTest::modesAndGradients() {
    const auto classifier = network();
    classifier->setTraining(true);
    const torch::Tensor mean = classifier->buffers().front().tensor.clone();
    Progress progress;
    QVERIFY(evaluateItems(*classifier, m_items, classes(), 1, progress).ok());
    QVERIFY(torch::equal(mean, classifier->buffers().front().tensor));
    QVERIFY(!classifier->module().is_training());
    for (const NamedTensor& entry : classifier->parameters()) {
        QVERIFY(!entry.tensor.grad().defined());
        QVERIFY(entry.tensor.requires_grad());
    }
    // Training goes on afterwards.
    classifier->setTraining(true);
    classifier->forward(torch::randn({2, 3, 64, 64})).sum().backward();
    QVERIFY(classifier->parameters().front().tensor.grad().defined());
}

void EvaluatorTest::cancelled() {
    Progress progress;
    progress.cancel();
    const auto evaluation = evaluateItems(*network(), m_items, classes(), 1, progress);
    QVERIFY(!evaluation.ok());
    QCOMPARE(evaluation.error().code, ErrorCode::Cancelled);
}

void EvaluatorTest::refusals() {
    Progress progress;
    const auto wrong = evaluateItems(*network(), m_items, {{1, "a"}}, 1, progress);
    QVERIFY(!wrong.ok());
    QCOMPARE(wrong.error().code, ErrorCode::Mismatch);

    const auto classifier = network();
    {
        const torch::NoGradGuard noGrad;
        classifier->parameters().back().tensor.fill_(std::nan(""));
    }
    const auto diverged = evaluateItems(*classifier, m_items, classes(), 1, progress);
    QVERIFY(!diverged.ok());
    QCOMPARE(diverged.error().code, ErrorCode::Diverged);
}

void EvaluatorTest::nothingToDo() {
    Progress progress;
    const auto none = evaluateItems(*network(), {}, classes(), 2, progress);
    QVERIFY(none.ok());
    QCOMPARE(none->count, std::int64_t(0));
    QCOMPARE(none->confusion.size(), std::size_t(kClasses));
    // Only an unreadable one, and one whose class the network does not know.
    std::vector<LoaderItem> odd{m_items[kBroken], m_items[0]};
    odd[1].target = 9;
    const auto few = evaluateItems(*network(), odd, classes(), 1, progress);
    QVERIFY(few.ok());
    QCOMPARE(few->count, std::int64_t(0));
    QCOMPARE(few->problems.size(), std::size_t(1));
    QVERIFY(few->predictions[1].predicted >= 0);
    QCOMPARE(few->predictions[1].truth, -1);
    QCOMPARE(few->loss, 0.0);
}

QTEST_GUILESS_MAIN(EvaluatorTest)
#include "tst_evaluator.moc"
