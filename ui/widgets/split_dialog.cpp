#include "ui/widgets/split_dialog.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>

#include <cmath>
#include <limits>

namespace graft::ui {

SplitDialog::SplitDialog(const SplitOptions& options, bool fromSource, QWidget* parent)
    : QDialog(parent) {
    setObjectName(QStringLiteral("splitDialog"));
    setWindowTitle(tr("Change the split"));
    auto* form = new QFormLayout(this);
    auto* about = new QLabel(
        fromSource ? tr("Your folders say which pictures are for training and which for checking. "
                        "A new split replaces that in the project; your folders stay as they are, "
                        "and Undo brings the old split back.")
                   : tr("The network learns from the training pictures and is checked on pictures "
                        "it has never seen. Equal pictures always stay together."),
        this);
    about->setWordWrap(true);
    form->addRow(about);
    const auto share = [this](const char* name, double value) {
        auto* box = new QSpinBox(this);
        box->setObjectName(QLatin1String(name));
        box->setRange(0, 90);
        box->setSingleStep(5);
        box->setSuffix(tr(" %"));
        box->setValue(int(std::lround(value * 100)));
        connect(box, &QSpinBox::valueChanged, this, &SplitDialog::update);
        return box;
    };
    m_validation = share("validationShare", options.validation);
    m_validation->setToolTip(tr("Validation: chooses the best round (epoch) while training"));
    m_test = share("testShare", options.test);
    m_test->setToolTip(tr("Test: looked at only for the final figures"));
    m_rest = new QLabel(this);
    m_seed = new QSpinBox(this);
    m_seed->setObjectName(QStringLiteral("splitSeed"));
    m_seed->setRange(0, std::numeric_limits<int>::max());
    m_seed->setValue(int(options.seed));
    m_seed->setToolTip(tr("Another number draws another split of the same shares"));
    form->addRow(tr("&Validation"), m_validation);
    form->addRow(tr("&Test"), m_test);
    form->addRow(tr("Training"), m_rest);
    form->addRow(tr("&Seed"), m_seed);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    buttons->button(QDialogButtonBox::Ok)->setText(tr("Split again"));
    buttons->button(QDialogButtonBox::Ok)->setObjectName(QStringLiteral("splitAgainButton"));
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    form->addRow(buttons);
    update();
}

SplitOptions SplitDialog::options() const {
    SplitOptions options;
    options.validation = m_validation->value() / 100.0;
    options.test = m_test->value() / 100.0;
    options.seed = std::uint64_t(m_seed->value());
    return options;
}

void SplitDialog::update() {
    // At least a tenth is left to learn from.
    m_test->setMaximum(90 - m_validation->value());
    m_rest->setText(tr("%1 %").arg(100 - m_validation->value() - m_test->value()));
}

}  // namespace graft::ui
