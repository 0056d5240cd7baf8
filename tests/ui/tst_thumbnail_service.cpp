// Thumbnails come from other threads, the visible ones first, within a bounded memory.
#include "ui_fixtures.h"

#include "ui/bridge/thumbnail_service.h"

#include <QSignalSpy>

using namespace graft;
using graft::ui::ThumbnailService;

class TestThumbnailService : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    ImageRef ref(int number) const {
        return {m_folder.filePath(QStringLiteral("a/%1.png").arg(number, 3, 10, QLatin1Char('0')))
                    .toStdString(),
                -1};
    }

 private Q_SLOTS:
    void initTestCase() { test::writeFolder(m_folder.path(), {QStringLiteral("a")}, 60); }

    void arrives() {
        ThumbnailService service(2);
        QVERIFY(service.find(ref(0), 64).isNull());
        QSignalSpy arrived(&service, &ThumbnailService::arrived);
        service.want(this, {ref(0), ref(1)}, 64);
        QTRY_VERIFY(!service.find(ref(0), 64).isNull() && !service.find(ref(1), 64).isNull());
        QTRY_VERIFY(arrived.count() >= 1);
        QCOMPARE(service.find(ref(0), 64).size(), QSize(48, 40));
        // Another size at hand is better than nothing.
        QVERIFY(!service.find(ref(0), 256).isNull());
    }
    void broken() {
        QFile bad(m_folder.filePath(QStringLiteral("bad.jpg")));
        QVERIFY(bad.open(QIODevice::WriteOnly));
        bad.write("not a picture");
        bad.close();
        ThumbnailService service(1);
        const ImageRef badRef{bad.fileName().toStdString(), -1};
        service.want(this, {badRef, ref(3)}, 64);
        QTRY_VERIFY(!service.find(ref(3), 64).isNull());
        QVERIFY(service.isBroken(badRef));
        QVERIFY(!service.isBroken(ref(3)));
        service.clear();
        QVERIFY(!service.isBroken(badRef));
        QVERIFY(service.find(ref(3), 64).isNull());
    }
    void newestListReplaces() {
        ThumbnailService service(1);
        std::vector<ImageRef> many;
        for (int i = 0; i < 50; ++i) {
            many.push_back(ref(i));
        }
        service.want(this, many, 512);
        service.want(this, {ref(59)}, 512);  // scrolled away: the others are dropped
        QTRY_VERIFY(!service.find(ref(59), 512).isNull());
        int made = 0;
        for (const ImageRef& one : many) {
            made += service.find(one, 512).isNull() ? 0 : 1;
        }
        QVERIFY2(made < 50, "the list that was replaced was worked off all the same");
    }
    void memoryIsBounded() {
        const std::size_t limit = 10 * 48 * 40 * 4;
        ThumbnailService service(2, limit);
        std::vector<ImageRef> many;
        for (int i = 0; i < 50; ++i) {
            many.push_back(ref(i));
        }
        service.want(this, many, 64);
        QTRY_VERIFY(!service.find(ref(49), 64).isNull());
        QVERIFY(service.bytesKept() <= limit);
        QVERIFY(service.find(ref(0), 64).isNull());
    }
};

QTEST_MAIN(TestThumbnailService)
#include "tst_thumbnail_service.moc"
