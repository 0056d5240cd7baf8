#include "ui/pages/weights_box.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"
#include "ui/pages/published_weights.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/fold_panel.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

constexpr std::size_t kMostNames = 12;

QString nameList(const QString& title, const std::vector<std::string>& names) {
    if (names.empty()) {
        return {};
    }
    QStringList shown;
    for (std::size_t i = 0; i < names.size() && i < kMostNames; ++i) {
        shown << Texts::from(names[i]).toHtmlEscaped();
    }
    if (names.size() > kMostNames) {
        shown << QCoreApplication::translate("graft::ui::WeightsBox", "and %1 more").arg(names.size() - kMostNames);
    }
    return QStringLiteral("<p><b>%1</b> (%2): %3</p>")
        .arg(title)
        .arg(names.size())
        .arg(shown.join(QStringLiteral(", ")));
}

QString fact(const QString& title, const QString& value) {
    return value.isEmpty()
               ? QString()
               : QStringLiteral("<p><b>%1</b>: %2</p>").arg(title, value.toHtmlEscaped());
}

}  // namespace

WeightsBox::WeightsBox(QWidget* parent)
    : QWidget(parent),
      m_mark(new QLabel(this)),
      m_sentence(new QLabel(this)),
      m_pick(new QPushButton(tr("&Own weights…"), this)),
      m_remove(new QPushButton(tr("Without weights"), this)),
      m_published(new PublishedWeights(this)),
      m_details(new FoldPanel(tr("Details of the check"), this)),
      m_detailText(new QLabel) {
    m_mark->setObjectName(QStringLiteral("weightsMark"));
    m_mark->setAlignment(Qt::AlignTop);
    m_sentence->setObjectName(QStringLiteral("weightsSentence"));
    m_sentence->setWordWrap(true);
    m_sentence->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_pick->setObjectName(QStringLiteral("weightsButton"));
    m_pick->setToolTip(
        tr("Start from a file of trained weights (.safetensors, or .pth and .pt from PyTorch). The "
           "file is read as data only; no code in it can run."));
    m_remove->setObjectName(QStringLiteral("noWeightsButton"));
    m_remove->setToolTip(tr("Start from random numbers (training from scratch)"));
    m_details->setObjectName(QStringLiteral("weightsDetails"));
    m_detailText->setWordWrap(true);
    m_detailText->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_details->setContent(m_detailText);

    auto* buttons = new QVBoxLayout;
    buttons->addWidget(m_pick);
    buttons->addWidget(m_remove);
    auto* row = new QHBoxLayout;
    row->addWidget(m_mark, 0, Qt::AlignTop);
    row->addWidget(m_sentence, 1, Qt::AlignTop);
    row->addLayout(buttons);
    row->setAlignment(buttons, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addLayout(row);
    column->addWidget(m_published);
    column->addWidget(m_details);
    connect(m_pick, &QPushButton::clicked, this, &WeightsBox::pick);
    connect(m_remove, &QPushButton::clicked, this, [this] { Q_EMIT weightsChosen({}, {}); });
    connect(m_published, &PublishedWeights::fileReady, this,
            [this](const QString& path) { check(path, true); });
    connect(m_published, &PublishedWeights::failed, this, &WeightsBox::failed);
    showScratch();
}

void WeightsBox::setSpec(const ModelSpec& spec) {
    m_spec = spec;
    m_published->setBackbone(spec.backbone);
    m_remove->setVisible(!spec.weightsPath.empty());
    if (spec.weightsPath.empty()) {
        m_jobs.cancelQuietly();
        m_checkedKey.clear();
        showScratch();
        return;
    }
    const QString path = Texts::from(spec.weightsPath);
    if (m_checkedKey != path + QLatin1Char('|') + Texts::from(spec.backbone)) {
        check(path, false);
    }
}

void WeightsBox::pick() {
    const QString start = QFileInfo(Texts::from(m_spec.weightsPath)).absolutePath();
    const QString path =
        Dialogs::pickFile(this, tr("Choose a file of trained weights"),
                          m_spec.weightsPath.empty() ? QString() : start,
                          tr("Weights (*.safetensors *.pth *.pt *.th *.bin *.ckpt *.pth.tar);;"
                             "All files (*)"));
    if (!path.isEmpty()) {
        check(path, true);
    }
}

void WeightsBox::check(const QString& path, bool choose) {
    const std::string backbone = m_spec.backbone;
    m_checkedKey = path + QLatin1Char('|') + Texts::from(backbone);
    m_mark->clear();
    m_details->hide();
    m_sentence->setText(tr("Checking %1 …").arg(QFileInfo(path).fileName()));
    m_jobs.run<WeightReport>(
        [path, backbone] { return engine::startWeightCheck(path.toStdString(), backbone); },
        [this, path, choose](Result<WeightReport> report) {
            if (!report) {
                showFailure(path, report.error());
                return;
            }
            showReport(path, *report);
            if (choose && report->usable) {
                Q_EMIT weightsChosen(path, Texts::from(report->sha256));
            }
            Q_EMIT checked(*report);
        });
}

void WeightsBox::showState(bool good, const QString& sentence) {
    const QColor color = Theme::tone(good ? Theme::Tone::Good : Theme::Tone::Bad, palette());
    m_mark->setText(good ? QStringLiteral("✓") : QStringLiteral("✗"));
    QFont font = m_mark->font();
    font.setBold(true);
    m_mark->setFont(font);
    m_mark->setAccessibleName(good ? tr("The weights fit") : tr("The weights do not fit"));
    QPalette colors = palette();
    colors.setColor(QPalette::WindowText, color);
    m_mark->setPalette(colors);
    m_sentence->setText(sentence);
}

void WeightsBox::showReport(const QString& path, const WeightReport& report) {
    const QString name = QFileInfo(path).fileName();
    showState(report.usable, QStringLiteral("%1: %2").arg(name, CoreTexts::tr(report.sentence)));
    const Preprocess& p = report.preprocess;
    const auto triple = [](const std::array<double, 3>& v) {
        return QStringLiteral("%1, %2, %3").arg(v[0]).arg(v[1]).arg(v[2]);
    };
    m_detailText->setText(
        fact(tr("File"), path) +
        fact(tr("Network named in the file"), Texts::from(report.architecture)) +
        fact(tr("Licence"),
             report.license.empty() ? tr("not stated in the file") : Texts::from(report.license)) +
        fact(tr("Taken over"), tr("%1 tensors").arg(report.matched)) +
        nameList(tr("Missing in the file"), report.missing) +
        nameList(tr("Not used"), report.unexpected) +
        nameList(tr("Other shape"), report.mismatched) +
        fact(tr("Pictures"),
             tr("resized to %1 px, cut to %2 px").arg(p.resizeSize).arg(p.inputSize)) +
        fact(tr("Mean and spread of the colours"), triple(p.mean) + tr(" and ") + triple(p.std)) +
        fact(tr("Padding"), Texts::from(report.padding)) +
        fact(QStringLiteral("SHA-256"), Texts::from(report.sha256)));
    m_details->show();
}

void WeightsBox::showFailure(const QString& path, const Error& error) {
    showState(false, QStringLiteral("%1: %2").arg(QFileInfo(path).fileName(), Texts::error(error)));
    m_detailText->setText(fact(tr("File"), path) + fact(tr("Detail"), Texts::from(error.detail)));
    m_details->show();
}

void WeightsBox::showScratch() {
    m_mark->clear();
    m_details->hide();
    m_sentence->setText(
        tr("Without trained weights the network starts from random numbers (training from "
           "scratch). It needs many pictures and more rounds; expect lower accuracy."));
}

}  // namespace graft::ui
