// The generated form: an editor for every option, values that come back exactly, changes that go
// through the editors.
#include "core/data/augment_spec.h"
#include "core/train/train_options.h"
#include "ui/widgets/fold_panel.h"
#include "ui/widgets/options_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QtTest>

#include <cmath>

using namespace graft;
using namespace graft::ui;

namespace {

struct Odd {
    bool on = false;
    std::string name = "plain";
    std::string kind = "b";
    int count = -1;
    double share = 0.3333333;
    double rate = 1.23456789e-4;
    bool operator==(const Odd&) const = default;
};

FieldInfo info(const char* key, double min = 0, double max = 1) {
    FieldInfo made;
    made.key = key;
    made.label = std::string("Label of ") + key;
    made.unit = "u";
    made.help = std::string("Help of ") + key;
    made.min = min;
    made.max = max;
    return made;
}

const FieldTable<Odd>& oddFields() {
    static const FieldTable<Odd> table = [] {
        FieldTable<Odd> t;
        FieldInfo kind = info("kind");
        kind.choices = {"a", "b"};
        kind.choiceLabels = {"The first", "The second"};
        kind.expert = true;
        kind.group = "Group";
        FieldInfo rate = info("rate", 0, 10);
        rate.logarithmic = true;
        FieldInfo count = info("count", -1, 100);
        count.minIsAutomatic = true;
        t.add(&Odd::on, info("on")).add(&Odd::name, info("name")).add(&Odd::kind, kind);
        t.add(&Odd::count, count).add(&Odd::share, info("share"));
        t.add(&Odd::rate, rate);
        return t;
    }();
    return table;
}

}  // namespace

class TestOptionsForm : public QObject {
    Q_OBJECT
 private Q_SLOTS:
    void untouchedValuesComeBackExactly() {
        OptionsForm form;
        const Odd odd;
        form.build(oddFields(), odd);
        QVERIFY(form.read(oddFields(), Odd{true, "", "a", 5, 0, 0}) == odd);
        TrainOptions train;
        train.learningRate = 0.0123456789;
        train.seed = 8'000'000'000'000'000;  // beyond an int
        form.build(trainFields(), train);
        QVERIFY(form.read(trainFields(), TrainOptions()) == train);
        AugmentSpec augment;
        augment.cropMaxAspect = 1.33337;
        form.build(augmentFields(), AugmentSpec());
        form.load(augmentFields(), augment);
        QVERIFY(form.read(augmentFields(), AugmentSpec()) == augment);
    }

    void everyOptionHasANamedEditor() {
        OptionsForm form;
        form.build(trainFields(), TrainOptions());
        for (const auto& row : trainFields().rows()) {
            const auto* editor = form.findChild<QWidget*>(QString::fromStdString(row.info.key));
            QVERIFY2(editor, row.info.key.c_str());
            QVERIFY2(!editor->accessibleName().isEmpty(), row.info.key.c_str());
            QVERIFY2(editor->toolTip().contains(QString::fromStdString(row.info.key)),
                     row.info.key.c_str());
        }
    }

    void editorsChangeTheirOption() {
        OptionsForm form;
        form.build(oddFields(), Odd());
        QSignalSpy changed(&form, &OptionsForm::changed);
        form.findChild<QCheckBox*>("on")->click();
        auto* name = form.findChild<QLineEdit*>("name");
        name->setText("ümlaut");
        Q_EMIT name->editingFinished();
        auto* kind = form.findChild<QComboBox*>("kind");
        QCOMPARE(kind->currentText(), QString("The second"));
        kind->setCurrentIndex(0);
        Q_EMIT kind->activated(0);
        auto* count = form.findChild<QSpinBox*>("count");
        QCOMPARE(count->text(), QString("Automatic"));
        count->setValue(7);
        form.findChild<QDoubleSpinBox*>("share")->setValue(0.5);
        form.findChild<QDoubleSpinBox*>("rate")->setValue(0.02);
        QCOMPARE(changed.count(), 6);
        const Odd now = form.read(oddFields(), Odd());
        QVERIFY(now.on);
        QCOMPARE(now.name, std::string("ümlaut"));
        QCOMPARE(now.kind, std::string("a"));
        QCOMPARE(now.count, 7);
        QCOMPARE(now.share, 0.5);
        QCOMPARE(now.rate, 0.02);
    }

    void loadingIsNotAChange() {
        OptionsForm form;
        form.build(trainFields(), TrainOptions());
        QSignalSpy changed(&form, &OptionsForm::changed);
        TrainOptions other;
        other.epochs = 77;
        other.optimizer = "adamw";
        other.learningRate = 3e-5;
        other.labelSmoothing = 0.11;
        form.load(trainFields(), other);
        QCOMPARE(changed.count(), 0);
        QCOMPARE(form.findChild<QSpinBox*>("epochs")->value(), 77);
        QCOMPARE(form.findChild<QComboBox*>("optimizer")->currentData().toString(),
                 QString("adamw"));
        QVERIFY(form.read(trainFields(), TrainOptions()) == other);
    }

    void slidersAndSpinsMoveTogether() {
        SliderSpin both(0, 2, 0.05);
        QSignalSpy moved(&both, &SliderSpin::valueChanged);
        both.setValue(1.0);
        QCOMPARE(both.slider()->value(), 500);
        QCOMPARE(moved.count(), 0);
        both.slider()->setValue(1000);
        QCOMPARE(both.value(), 2.0);
        both.slider()->setValue(267);
        QVERIFY(std::abs(both.value() - 0.55) < 1e-9);
        QVERIFY(moved.count() >= 2);
    }

    void decadesStepByOneTwoFive() {
        DecadeSpinBox box;
        box.setLocale(QLocale::c());
        box.setRange(0, 100);
        box.setValue(0.01);
        const double expected[] = {0.02, 0.05, 0.1, 0.2};
        for (const double value : expected) {
            box.stepBy(1);
            QVERIFY2(std::abs(box.value() / value - 1) < 1e-6, qPrintable(box.text()));
        }
        box.stepBy(-4);
        QVERIFY(std::abs(box.value() - 0.01) < 1e-9);
        box.setValue(0.003);
        box.stepBy(-1);
        QVERIFY(std::abs(box.value() - 0.002) < 1e-9);
        box.setValue(3e-5);
        QCOMPARE(box.text(), QString("3e-05"));
        box.setValue(1e-6);
        box.stepBy(-1);
        QCOMPARE(box.value(), 0.0);
        box.stepBy(1);
        QCOMPARE(box.value(), 1e-6);
    }

    void decadesTakeTypedNumbers() {
        DecadeSpinBox box;
        box.setLocale(QLocale::c());
        box.setRange(0, 100);
        box.selectAll();
        QTest::keyClicks(&box, "2.5e-4");
        QTest::keyClick(&box, Qt::Key_Return);
        QVERIFY(std::abs(box.value() - 2.5e-4) < 1e-12);
        box.selectAll();
        QTest::keyClicks(&box, "abc");
        QTest::keyClick(&box, Qt::Key_Return);
        QVERIFY(std::abs(box.value() - 2.5e-4) < 1e-12);
    }

    void expertOptionsAreFoldedAway() {
        OptionsForm form;
        form.build(trainFields(), TrainOptions());
        form.show();
        auto* more = form.findChild<FoldPanel*>("moreOptions");
        QVERIFY(more);
        QVERIFY(form.findChild<QWidget*>("epochs")->isVisible());
        QVERIFY(!form.findChild<QWidget*>("optimizer")->isVisible());
        more->setOpen(true);
        QVERIFY(form.findChild<QWidget*>("optimizer")->isVisible());
        form.setRowVisible("momentum", false);
        QVERIFY(!form.findChild<QWidget*>("momentum")->isVisible());
    }
};

QTEST_MAIN(TestOptionsForm)
#include "tst_options_form.moc"
