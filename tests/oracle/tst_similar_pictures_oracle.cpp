// The most similar training pictures against scikit-learn on the same features.
#include "core/data/importers/importer.h"
#include "core/engine/engine.h"
#include "core/nn/batch_tensor.h"
#include "core/train/feature_cache.h"
#include "core/train/model_loading.h"
#include "core/train/similar_pictures.h"
#include "tests/support/model_checkpoint.h"
#include "tests/support/picture_folder.h"
#include "tests/support/python_oracle.h"
#include "tests/support/small_networks.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

using namespace graft;

class TestSimilarPicturesOracle : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    Dataset m_dataset;
    std::string m_checkpoint;

    SimilarRequest request(const Sample& sample) const {
        SimilarRequest request;
        request.checkpoint = m_checkpoint;
        request.dataset = m_dataset;
        request.picture = m_dataset.imageRef(sample);
        return request;
    }
    std::vector<const Sample*> in(Split split) const {
        std::vector<const Sample*> samples;
        for (const Sample& sample : m_dataset.samples) {
            if (sample.split == split) {
                samples.push_back(&sample);
            }
        }
        return samples;
    }

  private Q_SLOTS:
    void initTestCase() {
        engine::initialize();
        const std::string pictures = m_dir.filePath("pictures").toStdString();
        testing::writePictureFolder(pictures, 3, 40, 40);
        Progress progress;
        m_dataset = *importDataset(pictures, {}, progress);
        const auto classifier = testing::make(testing::specOf("small_cnn"), 4);
        std::vector<Image> images;
        for (const Sample& sample : m_dataset.samples) {
            images.push_back(*readImage(m_dataset.imageRef(sample)));
        }
        testing::bringToLife(*classifier, images);  // else all features are nearly the same
        m_checkpoint = m_dir.filePath("model.safetensors").toStdString();
        QVERIFY(testing::saveCheckpoint(*classifier, m_dataset.classes, m_checkpoint).ok());
    }

    void sameAsScikitLearn() {
        const auto model = *loadCheckpointModel(m_checkpoint);
        const std::vector<const Sample*> training = in(Split::Train);
        const Sample& asked = *in(Split::Validation).front();
        const auto featuresOf = [&](const Sample& sample) {
            const torch::NoGradGuard noGrad;
            const auto image = readImage(m_dataset.imageRef(sample));
            const torch::Tensor x =
                testing::inputOf(*image, model.classifier->preprocess()).unsqueeze(0);
            return model.classifier->forwardTo(model.classifier->stageCount() + 1, x);
        };
        std::vector<torch::Tensor> rows{featuresOf(asked)};
        for (const Sample* sample : training) {
            rows.push_back(featuresOf(*sample));
        }
        const torch::Tensor all = torch::cat(rows).contiguous();
        const QString path = m_dir.filePath("rows");
        std::ofstream(path.toStdString(), std::ios::binary)
            .write(static_cast<const char*>(all.data_ptr()), std::streamsize(all.nbytes()));
        const testing::OracleRun oracle = testing::runOracle(
            "nearest.py",
            {path, QString::number(all.size(0)), QString::number(all.size(1)), "5"});
        if (oracle.missing) {
            QSKIP(qPrintable(oracle.reason));
        }
        QVERIFY2(oracle.ok, qPrintable(oracle.reason));
        Progress progress;
        const auto similar = similarPictures(request(asked), progress);
        QVERIFY2(similar.ok(), similar ? "" : similar.error().text().c_str());
        const QList<QByteArray> lines = oracle.output.trimmed().split('\n');
        QCOMPARE(std::int64_t(similar->size()), std::int64_t(lines.size()));
        for (std::size_t i = 0; i < similar->size(); ++i) {
            const QList<QByteArray> words = lines[qsizetype(i)].split(' ');
            QVERIFY(std::abs(similar->at(i).similarity - words[1].toDouble()) < 1e-4);
            const bool tie = i > 0 && similar->at(i - 1).similarity -
                                              similar->at(i).similarity < 1e-4;
            QVERIFY(tie || i + 1 == similar->size() ||
                    similar->at(i).similarity - similar->at(i + 1).similarity < 1e-4 ||
                    similar->at(i).sample == training.at(words[0].toULong())->id);
        }
    }

    void aTrainingPictureIsNotItsOwnNeighbour() {
        Progress progress;
        const Sample& asked = *in(Split::Train).front();
        SimilarRequest all = request(asked);
        all.count = 1000;
        const auto similar = similarPictures(all, progress);
        QVERIFY(similar.ok());
        QCOMPARE(similar->size(), in(Split::Train).size() - 1);
        for (std::size_t i = 0; i < similar->size(); ++i) {
            QVERIFY(similar->at(i).sample != asked.id);
            QVERIFY(i == 0 || similar->at(i).similarity <= similar->at(i - 1).similarity);
        }
    }

    void theSecondQuestionIsAnsweredFromTheCache() {
        Progress progress;
        SimilarRequest cached = request(*in(Split::Validation).back());
        const auto plain = similarPictures(cached, progress);
        cached.cacheFolder = m_dir.filePath("features").toStdString();
        const auto filled = similarPictures(cached, progress);
        const std::int64_t files = featureFolder(cached.cacheFolder).files;
        QVERIFY(files >= 2);
        const auto again = similarPictures(cached, progress);
        QCOMPARE(featureFolder(cached.cacheFolder).files, files);
        for (std::size_t i = 0; i < plain->size(); ++i) {
            QCOMPARE(filled->at(i).sample, plain->at(i).sample);
            QVERIFY(again->at(i).similarity == plain->at(i).similarity);
        }
    }

    void problemsAreErrors() {
        Progress progress;
        SimilarRequest wrong = request(*in(Split::Train).front());
        wrong.picture.path = "/nowhere/at all.jpg";
        QVERIFY(!similarPictures(wrong, progress).ok());
        wrong = request(*in(Split::Train).front());
        wrong.checkpoint = "/nowhere.safetensors";
        QVERIFY(!similarPictures(wrong, progress).ok());
        wrong = request(*in(Split::Train).front());
        for (Sample& sample : wrong.dataset.samples) {
            sample.split = Split::Test;
        }
        QVERIFY(similarPictures(wrong, progress).error().code == ErrorCode::NotFound);
        Progress cancelled;
        cancelled.cancel();
        QVERIFY(similarPictures(request(*in(Split::Train).front()), cancelled).error().code ==
                ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestSimilarPicturesOracle)
#include "tst_similar_pictures_oracle.moc"
