#include "ui/widgets/option_editors.h"

#include "ui/bridge/core_texts.h"
#include "ui/widgets/options_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QLocale>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>

#include <algorithm>
#include <array>
#include <cmath>

namespace graft::ui {

namespace {

constexpr int kSliderSteps = 1000;
constexpr double kTightRange = 400;  // up to here a slider is finer than a pixel is coarse
constexpr double kMostSliderStops = 2000;

class WheelGuard : public QObject {
 public:
    using QObject::QObject;
    bool eventFilter(QObject* watched, QEvent* event) override {
        auto* widget = qobject_cast<QWidget*>(watched);
        if (event->type() == QEvent::Wheel && widget && !widget->hasFocus()) {
            event->ignore();
            return true;
        }
        return false;
    }
};

double stepFor(const FieldInfo& info) {
    if (info.step > 0) {
        return info.step;
    }
    const double range = info.max - info.min;
    return range <= 3 ? 0.01 : range <= 50 ? 0.1 : 1;
}

int decimalsFor(double step) {
    return std::clamp(int(std::ceil(-std::log10(step))), 0, 6);
}

void describe(QWidget* widget, const FieldInfo& info) {
    QString name = CoreTexts::tr(info.label);
    if (!info.unit.empty()) {
        name += QStringLiteral(" (%1)").arg(CoreTexts::tr(info.unit));
    }
    widget->setAccessibleName(name);
    widget->setAccessibleDescription(CoreTexts::tr(info.help));
    widget->setToolTip(optionToolTip(info));
}

QString suffixOf(const FieldInfo& info) {
    return info.unit.empty() ? QString() : QLatin1Char(' ') + CoreTexts::tr(info.unit);
}

OptionEditor makeCheck(const std::function<void()>& edited, QWidget* parent) {
    auto* box = new QCheckBox(parent);
    QObject::connect(box, &QCheckBox::clicked, box, [edited] { edited(); });
    return {box, box, [box] { return FieldValue(box->isChecked()); },
            [box](const FieldValue& v) { box->setChecked(std::get<bool>(v)); }};
}

OptionEditor makeInteger(const FieldInfo& info, const std::function<void()>& edited,
                         QWidget* parent) {
    auto* box = new QSpinBox(parent);
    constexpr double kLow = std::numeric_limits<int>::min();
    constexpr double kHigh = std::numeric_limits<int>::max();
    box->setRange(int(std::clamp(info.min, kLow, kHigh)), int(std::clamp(info.max, kLow, kHigh)));
    box->setSingleStep(std::max(1, int(info.step)));
    box->setSuffix(suffixOf(info));
    box->setKeyboardTracking(false);
    if (info.minIsAutomatic) {
        box->setSpecialValueText(OptionsForm::tr("Automatic"));
    }
    QObject::connect(box, &QSpinBox::valueChanged, box, [edited] { edited(); });
    return {
        box, box, [box] { return FieldValue(std::int64_t(box->value())); },
        [box](const FieldValue& v) {
            const QSignalBlocker quiet(box);
            const std::int64_t wanted = std::get<std::int64_t>(v);
            box->setValue(int(std::clamp<std::int64_t>(wanted, box->minimum(), box->maximum())));
        }};
}

OptionEditor makeReal(const FieldInfo& info, const std::function<void()>& edited, QWidget* parent) {
    const bool fine = (info.max - info.min) / stepFor(info) > kMostSliderStops;
    if (!info.logarithmic && !fine && info.max - info.min <= kTightRange) {
        auto* editor = new SliderSpin(info.min, info.max, stepFor(info), parent);
        editor->spin()->setSuffix(suffixOf(info));
        QObject::connect(editor, &SliderSpin::valueChanged, editor, [edited] { edited(); });
        return {editor, editor->spin(), [editor] { return FieldValue(editor->value()); },
                [editor](const FieldValue& v) { editor->setValue(std::get<double>(v)); }};
    }
    QDoubleSpinBox* box = nullptr;
    if (info.logarithmic || (fine && info.max - info.min <= 1)) {
        box = new DecadeSpinBox(parent);
    } else {
        box = new QDoubleSpinBox(parent);
        box->setSingleStep(stepFor(info));
        box->setDecimals(std::max(2, decimalsFor(stepFor(info))));
    }
    box->setRange(info.min, info.max);
    box->setSuffix(suffixOf(info));
    box->setKeyboardTracking(false);
    QObject::connect(box, &QDoubleSpinBox::valueChanged, box, [edited] { edited(); });
    return {box, box, [box] { return FieldValue(box->value()); },
            [box](const FieldValue& v) {
                const QSignalBlocker quiet(box);
                box->setValue(std::get<double>(v));
            }};
}

OptionEditor makeChoice(const FieldInfo& info, const std::function<void()>& edited,
                        QWidget* parent) {
    auto* box = new QComboBox(parent);
    for (std::size_t i = 0; i < info.choices.size(); ++i) {
        const bool labelled = i < info.choiceLabels.size();
        box->addItem(labelled ? CoreTexts::tr(info.choiceLabels[i])
                              : QString::fromStdString(info.choices[i]),
                     QString::fromStdString(info.choices[i]));
    }
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(12);
    QObject::connect(box, &QComboBox::activated, box, [edited] { edited(); });
    return {
        box, box, [box] { return FieldValue(box->currentData().toString().toStdString()); },
        [box](const FieldValue& v) {
            box->setCurrentIndex(box->findData(QString::fromStdString(std::get<std::string>(v))));
        }};
}

OptionEditor makeText(const std::function<void()>& edited, QWidget* parent) {
    auto* box = new QLineEdit(parent);
    QObject::connect(box, &QLineEdit::editingFinished, box, [edited] { edited(); });
    return {box, box, [box] { return FieldValue(box->text().toStdString()); },
            [box](const FieldValue& v) {
                box->setText(QString::fromStdString(std::get<std::string>(v)));
            }};
}

}  // namespace

DecadeSpinBox::DecadeSpinBox(QWidget* parent) : QDoubleSpinBox(parent) {
    setDecimals(12);
}

void DecadeSpinBox::stepBy(int steps) {
    constexpr std::array kMantissas = {1.0, 2.0, 5.0, 10.0};
    double now = value();
    for (; steps != 0; steps += steps > 0 ? -1 : 1) {
        const bool up = steps > 0;
        if (now <= 0) {
            now = up ? 1e-6 : 0;
            continue;
        }
        const double decade = std::pow(10.0, std::floor(std::log10(now) + 1e-9));
        const double mantissa = now / decade;
        double next = up ? kMantissas.back() : kMantissas.front() / 2;
        for (const double candidate : kMantissas) {
            if (up && candidate > mantissa * (1 + 1e-6)) {
                next = std::min(next, candidate);
            } else if (!up && candidate < mantissa * (1 - 1e-6)) {
                next = std::max(next, candidate);
            }
        }
        now = next * decade;
        if (!up && now < 1e-6 && minimum() <= 0) {
            now = 0;
        }
    }
    setValue(now);
    selectAll();
}

QString DecadeSpinBox::textFromValue(double value) const {
    return locale().toString(value, 'g', 4);
}

double DecadeSpinBox::valueFromText(const QString& text) const {
    QString bare = text;
    if (!suffix().isEmpty() && bare.endsWith(suffix())) {
        bare.chop(suffix().size());
    }
    bool ok = false;
    double value = locale().toDouble(bare.trimmed(), &ok);
    if (!ok) {
        value = QLocale::c().toDouble(bare.trimmed(), &ok);
    }
    return ok ? value : 0;
}

QValidator::State DecadeSpinBox::validate(QString& text, int&) const {
    QString bare = text;
    if (!suffix().isEmpty() && bare.endsWith(suffix())) {
        bare.chop(suffix().size());
    }
    bool ok = false;
    double value = locale().toDouble(bare.trimmed(), &ok);
    if (!ok) {
        value = QLocale::c().toDouble(bare.trimmed(), &ok);
    }
    if (ok) {
        return value >= minimum() && value <= maximum() ? QValidator::Acceptable
                                                        : QValidator::Intermediate;
    }
    const bool begun = std::all_of(bare.begin(), bare.end(), [](QChar c) {
        return c.isDigit() || c.isSpace() || QStringLiteral("+-eE.,").contains(c);
    });
    return begun ? QValidator::Intermediate : QValidator::Invalid;
}

SliderSpin::SliderSpin(double min, double max, double step, QWidget* parent)
    : QWidget(parent),
      m_min(min),
      m_max(max),
      m_slider(new QSlider(Qt::Horizontal, this)),
      m_spin(new QDoubleSpinBox(this)) {
    m_slider->setRange(0, kSliderSteps);
    m_slider->setMinimumWidth(60);
    m_slider->setPageStep(kSliderSteps / 10);
    m_slider->setSingleStep(std::max(1, int(std::lround(kSliderSteps * step / (max - min)))));
    m_slider->setMinimumHeight(24);
    m_spin->setRange(min, max);
    m_spin->setSingleStep(step);
    m_spin->setDecimals(std::max(decimalsFor(step), max - min <= 3 ? 2 : 1));
    m_spin->setKeyboardTracking(false);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_slider, 1);
    layout->addWidget(m_spin);
    setFocusProxy(m_spin);
    keepWheelForFocus(m_slider);
    keepWheelForFocus(m_spin);
    moveSlider(m_spin->value());
    connect(m_slider, &QSlider::valueChanged, this, &SliderSpin::followSlider);
    connect(m_spin, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        moveSlider(value);
        Q_EMIT valueChanged(value);
    });
}

double SliderSpin::value() const {
    return m_spin->value();
}

void SliderSpin::setValue(double value) {
    const QSignalBlocker quiet(m_spin);
    m_spin->setValue(value);
    moveSlider(value);
}

void SliderSpin::setAccessibleText(const QString& name, const QString& description) {
    for (QWidget* part : {static_cast<QWidget*>(m_slider), static_cast<QWidget*>(m_spin)}) {
        part->setAccessibleName(name);
        part->setAccessibleDescription(description);
    }
}

void SliderSpin::followSlider(int position) {
    const double step = m_spin->singleStep();
    const double raw = m_min + (m_max - m_min) * position / kSliderSteps;
    const double snapped = m_min + std::round((raw - m_min) / step) * step;
    m_spin->setValue(position == kSliderSteps ? m_max : snapped);
}

void SliderSpin::moveSlider(double value) {
    const QSignalBlocker quiet(m_slider);
    m_slider->setValue(int(std::lround((value - m_min) / (m_max - m_min) * kSliderSteps)));
}

OptionEditor makeOptionEditor(const FieldInfo& info, const FieldValue& like,
                              std::function<void()> edited, QWidget* parent) {
    OptionEditor editor;
    if (std::holds_alternative<bool>(like)) {
        editor = makeCheck(edited, parent);
    } else if (std::holds_alternative<std::int64_t>(like)) {
        editor = makeInteger(info, edited, parent);
    } else if (std::holds_alternative<double>(like)) {
        editor = makeReal(info, edited, parent);
    } else if (!info.choices.empty()) {
        editor = makeChoice(info, edited, parent);
    } else {
        editor = makeText(edited, parent);
    }
    describe(editor.widget, info);
    if (auto* both = qobject_cast<SliderSpin*>(editor.widget)) {
        describe(both->slider(), info);
        describe(both->spin(), info);
    } else {
        keepWheelForFocus(editor.widget);
    }
    editor.focus->setObjectName(QString::fromStdString(info.key));
    editor.setValue(like);
    return editor;
}

QString optionToolTip(const FieldInfo& info) {
    return QStringLiteral("<p><b>%1</b></p><p>%2</p><p><code>%3</code></p>")
        .arg(CoreTexts::tr(info.label).toHtmlEscaped(),
             CoreTexts::tr(info.help).toHtmlEscaped(),
             QString::fromStdString(info.key).toHtmlEscaped());
}

void keepWheelForFocus(QWidget* widget) {
    widget->setFocusPolicy(Qt::StrongFocus);
    widget->installEventFilter(new WheelGuard(widget));
}

}  // namespace graft::ui
