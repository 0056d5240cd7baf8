#include "ui/widgets/augment_sliders.h"

#include "ui/bridge/core_texts.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QLabel>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

namespace graft::ui {

namespace {
constexpr int kSteps = 100;  ///< of a slider
}

AugmentSliders::AugmentSliders(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    auto* mainGrid = new QGridLayout;
    column->addLayout(mainGrid);
    auto* fold = new QToolButton(this);
    fold->setObjectName(QStringLiteral("moreButton"));
    fold->setText(tr("&More"));
    fold->setCheckable(true);
    fold->setArrowType(Qt::RightArrow);
    fold->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    fold->setAutoRaise(true);
    column->addWidget(fold, 0, Qt::AlignLeft);
    m_more = new QWidget(this);
    auto* moreGrid = new QGridLayout(m_more);
    moreGrid->setContentsMargins(0, 0, 0, 0);
    m_more->hide();
    column->addWidget(m_more);
    column->addStretch(1);
    connect(fold, &QToolButton::toggled, this, [this, fold](bool on) {
        m_more->setVisible(on);
        fold->setArrowType(on ? Qt::DownArrow : Qt::RightArrow);
    });
    const AugmentSpec defaults;
    for (const auto& row : augmentFields().rows()) {
        QGridLayout* grid = row.info.expert ? moreGrid : mainGrid;
        if (std::holds_alternative<bool>(row.get(defaults))) {
            addSwitch(grid, row.info);
        } else {
            addRow(grid, row.info);
        }
    }
    setSpec(AugmentSpec());
}

void AugmentSliders::addRow(QGridLayout* grid, const FieldInfo& info) {
    Row row{info.key, new QSlider(Qt::Horizontal, this), new QDoubleSpinBox(this), info.min,
            info.max};
    if (row.min < -1e6) {
        row.min = 0;
    }
    if (row.max > 1e6) {
        row.max = 1;
    }
    const QString name = CoreTexts::tr(info.label);
    const QString help = CoreTexts::tr(info.help);
    auto* label = new QLabel(name, this);
    label->setToolTip(help);
    label->setBuddy(row.box);
    row.slider->setRange(0, kSteps);
    row.slider->setPageStep(10);
    row.slider->setObjectName(QStringLiteral("augment_") + QString::fromStdString(info.key));
    row.slider->setAccessibleName(name);
    row.slider->setToolTip(help);
    row.slider->setMinimumWidth(fontMetrics().averageCharWidth() * 14);
    const double span = row.max - row.min;
    row.box->setRange(row.min, row.max);
    row.box->setDecimals(span >= 20 ? 0 : span > 2 ? 1 : 2);
    row.box->setSingleStep(info.step > 0 ? info.step : span / 20);
    row.box->setSuffix(info.unit.empty() ? QString() : QLatin1Char(' ') + CoreTexts::tr(info.unit));
    row.box->setAccessibleName(name);
    row.box->setToolTip(help);
    row.box->setObjectName(QStringLiteral("augmentBox_") + QString::fromStdString(info.key));
    const int line = grid->rowCount();
    grid->addWidget(label, line, 0);
    grid->addWidget(row.slider, line, 1);
    grid->addWidget(row.box, line, 2);
    grid->setColumnStretch(1, 1);
    connect(row.slider, &QSlider::valueChanged, this, [this, row](int step) {
        if (!m_setting) {
            take(row.key, row.min + (row.max - row.min) * step / kSteps);
        }
    });
    connect(row.box, &QDoubleSpinBox::valueChanged, this, [this, row](double value) {
        if (!m_setting) {
            take(row.key, value);
        }
    });
    m_rows.push_back(row);
}

void AugmentSliders::addSwitch(QGridLayout* grid, const FieldInfo& info) {
    auto* box = new QCheckBox(CoreTexts::tr(info.label), this);
    box->setObjectName(QStringLiteral("augment_") + QString::fromStdString(info.key));
    box->setToolTip(CoreTexts::tr(info.help));
    grid->addWidget(box, grid->rowCount(), 0, 1, 3);
    connect(box, &QCheckBox::toggled, this, [this, key = info.key](bool on) {
        if (!m_setting) {
            take(key, on);
        }
    });
    m_switches.push_back({info.key, box});
}

void AugmentSliders::take(const std::string& key, const FieldValue& value) {
    AugmentSpec changed = m_spec;
    if (!augmentFields().set(changed, key, value)) {
        return;
    }
    setSpec(changed);
    Q_EMIT edited(m_spec);
}

void AugmentSliders::setSpec(const AugmentSpec& spec) {
    m_spec = spec;
    m_setting = true;
    for (const Row& row : m_rows) {
        const auto number = std::get<double>(augmentFields().find(row.key)->get(spec));
        row.slider->setValue(int(std::lround((number - row.min) / (row.max - row.min) * kSteps)));
        if (!row.box->hasFocus() || std::abs(row.box->value() - number) > 1e-9) {
            row.box->setValue(number);
        }
    }
    for (const auto& [key, box] : m_switches) {
        box->setChecked(std::get<bool>(augmentFields().find(key)->get(spec)));
    }
    m_setting = false;
}

void AugmentSliders::setWritable(bool on) {
    for (const Row& row : m_rows) {
        row.slider->setEnabled(on);
        row.box->setEnabled(on);
    }
    for (const auto& [key, box] : m_switches) {
        box->setEnabled(on);
    }
}

}  // namespace graft::ui
