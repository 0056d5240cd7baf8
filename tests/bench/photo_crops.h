// Many photos from few: seeded crops of the photos in GRAFT_SHARED/data/hymenoptera, encoded again
// so that they are no duplicates. Thread: the bench's.
#pragma once

#include "core/base/rng.h"

#include <QDir>
#include <QDirIterator>

#include <opencv2/imgcodecs.hpp>

namespace graft::bench {

/// Writes root/<class>/NNNNN.jpg: crops of 70 to 95 % of the sides, photo NNNNN modulo the number of
/// photos, which it returns (0: there are none).
inline int writeCrops(const QString& root, int count) {
    const QString shared = qEnvironmentVariable("GRAFT_SHARED", GRAFT_SOURCE_DIR "/../shared");
    QStringList photos;
    QDirIterator found(shared + "/data/hymenoptera", {"*.jpg"}, QDir::Files,
                       QDirIterator::Subdirectories);
    while (found.hasNext()) {
        photos << found.next();
    }
    photos.sort();
    for (int i = 0; i < count && !photos.isEmpty(); ++i) {
        const QString& photo = photos[i % photos.size()];
        const cv::Mat whole = cv::imread(photo.toStdString());
        Rng rng("crop", {std::uint64_t(i)});
        const double share = rng.uniform(0.7, 0.95);
        const int width = int(whole.cols * share);
        const int height = int(whole.rows * share);
        const cv::Rect part(int(rng.below(std::uint64_t(whole.cols - width))),
                            int(rng.below(std::uint64_t(whole.rows - height))), width, height);
        const QString folder = root + "/" + QFileInfo(photo).dir().dirName();
        QDir().mkpath(folder);
        cv::imwrite(QString("%1/%2.jpg").arg(folder).arg(i, 5, 10, QLatin1Char('0')).toStdString(),
                    whole(part), {cv::IMWRITE_JPEG_QUALITY, 90});
    }
    return int(photos.size());
}

}  // namespace graft::bench
