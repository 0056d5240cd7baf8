#include "ui/pages/export_page.h"

#include "core/engine/engine.h"
#include "ui/bridge/core_texts.h"
#include "ui/models/run_list_model.h"
#include "ui/models/texts.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/empty_panel.h"
#include "ui/widgets/theme.h"

#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QFontDatabase>
#include <QFormLayout>
#include <QFrame>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedLayout>
#include <QUrl>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

const QString kRunNote = QStringLiteral("run");
constexpr int kMostWidthChars = 140;

QString freeName(const QDir& parent, const QString& wanted) {
    QString name = wanted;
    for (int number = 2; parent.exists(name); ++number) {
        name = QStringLiteral("%1-%2").arg(wanted).arg(number);
    }
    return name;
}

}  // namespace

ExportPage::ExportPage(ProjectDocument* document, RunBridge* run, QWidget* parent)
    : Page(parent),
      m_document(document),
      m_run(run),
      m_runs(new RunListModel(document, this)),
      m_stack(new QStackedLayout(this)),
      m_empty(new EmptyPanel),
      m_runBox(new QComboBox),
      m_name(new QLineEdit),
      m_folder(new QLineEdit),
      m_pick(new QPushButton(tr("C&hoose…"))),
      m_target(new QLabel),
      m_progress(new QProgressBar),
      m_progressText(new QLabel),
      m_cancel(new QPushButton(tr("Cancel"))),
      m_result(new QFrame),
      m_mark(new QLabel),
      m_sentence(new QLabel),
      m_files(new QLabel),
      m_open(new QPushButton(tr("&Open folder"))),
      m_copy(new QPushButton(tr("&Copy"))),
      m_snippet(new QPlainTextEdit) {
    setObjectName(QStringLiteral("exportPage"));
    auto* inside = new QWidget;
    auto* column = new QVBoxLayout(inside);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(buildRequest());
    column->addWidget(buildResult());
    column->addStretch();
    // Lines of text that run over the whole of a wide screen are hard to read.
    inside->setMaximumWidth(fontMetrics().averageCharWidth() * kMostWidthChars);
    auto* body = new QWidget;
    auto* margin = new QHBoxLayout(body);
    margin->setContentsMargins(10, 8, 10, 6);
    margin->addWidget(inside, 1);
    margin->addStretch();
    m_stack->addWidget(m_empty);
    m_stack->addWidget(body);
    connectParts();
    refillRuns();
    refreshState();
}

ExportPage::~ExportPage() = default;

QWidget* ExportPage::buildRequest() {
    m_runBox->setObjectName(QStringLiteral("exportRunBox"));
    m_runBox->setAccessibleName(tr("Run to export"));
    m_name->setObjectName(QStringLiteral("exportNameEdit"));
    m_name->setAccessibleName(tr("Name of the model folder"));
    m_folder->setObjectName(QStringLiteral("exportFolderEdit"));
    m_folder->setAccessibleName(tr("Folder that the model folder is made in"));
    m_pick->setObjectName(QStringLiteral("exportFolderButton"));
    m_target->setObjectName(QStringLiteral("exportTarget"));
    m_target->setWordWrap(true);
    m_target->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_progress->setObjectName(QStringLiteral("exportProgress"));
    m_progress->setAccessibleName(tr("Progress of the export"));
    m_progressText->setObjectName(QStringLiteral("exportProgressText"));
    m_cancel->setObjectName(QStringLiteral("cancelExportButton"));
    auto* folderRow = new QHBoxLayout;
    folderRow->addWidget(m_folder, 1);
    folderRow->addWidget(m_pick);
    auto* form = new QFormLayout;
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(tr("&Run"), m_runBox);
    form->addRow(tr("&Name"), m_name);
    auto* folderLabel = new QLabel(tr("In &folder"));
    folderLabel->setBuddy(m_folder);
    form->addRow(folderLabel, folderRow);
    auto* what = new QLabel(
        tr("What is written: the model as one file that Python and C++ programs open without Graft "
           "(TorchScript, the preparation of pictures included), the class names, how pictures are "
           "prepared, a model card, and the figures of the check. Your pictures are not copied."));
    what->setWordWrap(true);
    what->setObjectName(QStringLiteral("exportContents"));
    what->setToolTip(
        tr("model.pt, labels.txt, config.json, preprocessor_config.json, README.md, "
           "metrics.json, parity.json"));
    auto* busy = new QHBoxLayout;
    busy->addWidget(m_progress, 1);
    busy->addWidget(m_cancel);
    auto* request = new QWidget;
    auto* column = new QVBoxLayout(request);
    column->setContentsMargins(0, 0, 0, 0);
    column->addLayout(form);
    column->addWidget(m_target);
    column->addWidget(what);
    column->addWidget(m_progressText);
    column->addLayout(busy);
    return request;
}

QWidget* ExportPage::buildResult() {
    m_result->setObjectName(QStringLiteral("exportResult"));
    m_result->setFrameShape(QFrame::StyledPanel);
    m_mark->setObjectName(QStringLiteral("parityMark"));
    m_sentence->setObjectName(QStringLiteral("paritySentence"));
    m_sentence->setWordWrap(true);
    QFont strong = m_sentence->font();
    strong.setBold(true);
    m_sentence->setFont(strong);
    m_mark->setFont(strong);
    m_files->setObjectName(QStringLiteral("exportedFiles"));
    m_files->setWordWrap(true);
    m_files->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_open->setObjectName(QStringLiteral("openPackageButton"));
    m_copy->setObjectName(QStringLiteral("copySnippetButton"));
    m_copy->setToolTip(tr("Copy the Python lines"));
    m_snippet->setObjectName(QStringLiteral("pythonSnippet"));
    m_snippet->setAccessibleName(tr("Python lines that use the model"));
    m_snippet->setReadOnly(true);
    m_snippet->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_snippet->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_snippet->setMinimumHeight(QFontMetrics(m_snippet->font()).lineSpacing() * 9);
    auto* top = new QHBoxLayout;
    top->addWidget(m_mark, 0, Qt::AlignTop);
    top->addWidget(m_sentence, 1);
    top->addWidget(m_open, 0, Qt::AlignTop);
    auto* use = new QHBoxLayout;
    use->addWidget(new QLabel(tr("Use it from Python:")), 1);
    use->addWidget(m_copy);
    auto* column = new QVBoxLayout(m_result);
    column->addLayout(top);
    column->addWidget(m_files);
    column->addLayout(use);
    column->addWidget(m_snippet);
    m_result->hide();
    return m_result;
}

void ExportPage::connectParts() {
    connect(m_empty, &EmptyPanel::buttonClicked, this, [this] {
        Q_EMIT goTo(m_document->dataset().samples.empty() ? PageId::Data : PageId::Train);
    });
    connect(m_document, &ProjectDocument::opened, this, [this] {
        m_job.cancelQuietly();
        m_result->hide();
        m_writtenFolder.clear();
        proposeFolder();
        refreshState();
    });
    connect(m_document, &ProjectDocument::dataChanged, this, &ExportPage::refreshState);
    connect(m_runs, &RunListModel::runsReloaded, this, [this] {
        refillRuns();
        refreshState();
    });
    connect(m_runs, &RunListModel::failed, this, &Page::showError);
    connect(m_runBox, &QComboBox::activated, this, [this] {
        m_document->setNote(kRunNote, QString::number(m_runBox->currentData().toLongLong()));
    });
    connect(m_name, &QLineEdit::textChanged, this, &ExportPage::refreshState);
    connect(m_folder, &QLineEdit::textChanged, this, &ExportPage::refreshState);
    connect(m_pick, &QPushButton::clicked, this, &ExportPage::pickFolder);
    connect(m_cancel, &QPushButton::clicked, &m_job, &JobBridge::cancel);
    connect(&m_job, &JobBridge::activeChanged, this, &ExportPage::refreshState);
    connect(&m_job, &JobBridge::progressChanged, this, [this](const Progress::State& state) {
        m_progress->setMaximum(int(state.total));
        m_progress->setValue(int(state.done));
        m_progressText->setText(CoreTexts::tr(state.text));
    });
    connect(m_open, &QPushButton::clicked, this, [this] {
        if (!QDesktopServices::openUrl(QUrl::fromLocalFile(m_writtenFolder))) {
            Q_EMIT showNotice(
                tr("No file manager answered. The folder is %1.").arg(m_writtenFolder));
        }
    });
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_snippet->toPlainText());
        Q_EMIT showNotice(tr("Copied."));
    });
}

QString ExportPage::primaryText() const {
    return tr("Export");
}

bool ExportPage::primaryEnabled() const {
    const QString name = m_name->text().trimmed();
    return m_runBox->count() > 0 && !m_job.isActive() && !name.isEmpty() &&
           !name.contains(QLatin1Char('/')) && !m_folder->text().trimmed().isEmpty() &&
           !QFileInfo::exists(targetFolder());
}

void ExportPage::primaryAction() {
    startExport();
}

void ExportPage::activated() {
    refillRuns();
    const int at = m_runBox->findData(qlonglong(m_document->note(kRunNote).toLongLong()));
    if (at >= 0) {
        m_runBox->setCurrentIndex(at);
    }
    if (m_name->text().isEmpty() || QFileInfo::exists(targetFolder())) {
        proposeFolder();
    }
    refreshState();
}

void ExportPage::refillRuns() {
    const QVariant before = m_runBox->currentData();
    m_runBox->clear();
    for (const RunRecord& run : m_runs->runs()) {
        if (run.hasModel() || run.state == RunState::Finished) {
            const QString accuracy =
                run.bestAccuracy < 0 ? Texts::state(run.state)
                : run.bestIsQuick()  ? tr("quick model, %1").arg(Texts::percent(run.bestAccuracy))
                                     : Texts::percent(run.bestAccuracy);
            m_runBox->addItem(tr("%1 (%2)").arg(CoreTexts::tr(run.name), accuracy),
                              qlonglong(run.id));
        }
    }
    int at = m_runBox->findData(before);
    if (at < 0) {
        at = m_runBox->findData(qlonglong(m_runs->newestWithModel()));
    }
    m_runBox->setCurrentIndex(at);
}

void ExportPage::proposeFolder() {
    if (!m_document->isOpen()) {
        return;
    }
    const QDir parent = QFileInfo(Texts::from(m_document->project().path())).absoluteDir();
    m_folder->setText(QDir::toNativeSeparators(parent.absolutePath()));
    m_name->setText(
        freeName(parent, Texts::from(m_document->project().name()) + QStringLiteral("-model")));
}

QString ExportPage::targetFolder() const {
    return QDir(m_folder->text().trimmed()).filePath(m_name->text().trimmed());
}

void ExportPage::refreshState() {
    const bool data = m_document->isOpen() && !m_document->dataset().samples.empty();
    const bool any = data && m_runBox->count() > 0;
    m_stack->setCurrentIndex(any ? 1 : 0);
    m_empty->setText(data ? tr("Train a model first; then it can be exported.")
                          : tr("Add pictures first; then a model can be trained and exported."),
                     data ? tr("Go to Train") : tr("Go to Data"));
    const bool busy = m_job.isActive();
    for (QWidget* part : {static_cast<QWidget*>(m_runBox), static_cast<QWidget*>(m_name),
                          static_cast<QWidget*>(m_folder), static_cast<QWidget*>(m_pick)}) {
        part->setEnabled(!busy);
    }
    m_progress->setVisible(busy);
    m_progressText->setVisible(busy);
    m_cancel->setVisible(busy);
    const bool taken = QFileInfo::exists(targetFolder());
    m_target->setText(
        taken && targetFolder() == m_writtenFolder ? tr("The model is in %1.").arg(targetFolder())
        : taken && !busy ? tr("There is something at %1 already. Choose another name; nothing is "
                              "ever written over.")
                               .arg(targetFolder())
                         : tr("The model goes to %1.").arg(targetFolder()));
    Q_EMIT primaryChanged();
}

void ExportPage::pickFolder() {
    const QString folder =
        Dialogs::pickFolder(this, tr("Choose where the model folder goes"), m_folder->text());
    if (folder.isEmpty()) {
        return;
    }
    m_folder->setText(QDir::toNativeSeparators(folder));
    m_name->setText(freeName(QDir(folder), m_name->text().trimmed()));
}

void ExportPage::startExport() {
    if (!primaryEnabled()) {
        return;
    }
    m_result->hide();
    Result<std::unique_ptr<Job<ExportReport>>> job = engine::startExport(
        m_document->project(), m_runBox->currentData().toLongLong(), targetFolder().toStdString());
    if (!job) {
        Q_EMIT showError(job.error());
        return;
    }
    m_progress->setMaximum(0);
    m_progressText->setText(tr("Writing the model …"));
    auto holder = std::make_shared<std::unique_ptr<Job<ExportReport>>>(std::move(*job));
    m_job.run<ExportReport>([holder] { return std::move(*holder); },
                            [this](Result<ExportReport> report) {
                                if (report) {
                                    showReport(*report);
                                } else if (report.error().code == ErrorCode::Cancelled) {
                                    Q_EMIT showNotice(tr("Export cancelled; nothing was written."));
                                } else {
                                    Q_EMIT showError(report.error());
                                }
                                refreshState();
                            });
}

void ExportPage::showReport(const ExportReport& report) {
    m_writtenFolder = Texts::from(report.folder);
    const ParityReport& parity = report.parity;
    const QString difference = QLocale().toString(parity.maxDifference, 'g', 1);
    const auto tone = parity.passed ? Theme::Tone::Good : Theme::Tone::Bad;
    m_mark->setText(parity.passed ? QStringLiteral("✓") : QStringLiteral("✗"));
    m_mark->setAccessibleName(parity.passed ? tr("Passed") : tr("Not passed"));
    QPalette colors = palette();
    colors.setColor(QPalette::WindowText, Theme::tone(tone, palette()));
    m_mark->setPalette(colors);
    m_sentence->setText(
        parity.passed
            ? tr("Checked in a new process: same answers on %1 of %2 pictures, largest difference "
                 "%3.")
                  .arg(Texts::count(parity.agree), Texts::count(parity.count), difference)
            : tr("The written file does not give the same answers: %1 of %2 pictures agree, "
                 "largest difference %3. Do not use it.")
                  .arg(Texts::count(parity.agree), Texts::count(parity.count), difference));
    m_sentence->setToolTip(
        tr("Largest difference of a probability between the trained model and "
           "the file read again; at most 0.0001 is allowed."));
    m_files->setText(tr("%1, model file %2, %3 ms a picture on this machine.")
                         .arg(m_writtenFolder, Texts::bytes(double(report.bytes)),
                              QLocale().toString(parity.msPerPicture, 'f', 1)));
    m_snippet->setPlainText(pythonSnippet(m_writtenFolder));
    m_result->show();
}

QString ExportPage::pythonSnippet(const QString& folder) {
    QString path = folder;
    path.replace(QLatin1Char('\\'), QStringLiteral("\\\\"))
        .replace(QLatin1Char('"'), QStringLiteral("\\\""));
    return QStringLiteral(R"(import numpy, torch
from PIL import Image, ImageOps

folder = "%1"
model = torch.jit.load(folder + "/model.pt")
labels = open(folder + "/labels.txt", encoding="utf-8").read().split("\n")[:-1]
picture = ImageOps.exif_transpose(Image.open("picture.jpg")).convert("RGB")
pixels = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)
with torch.no_grad():
    probabilities = model.predict(pixels)[0]
best = int(probabilities.argmax())
print(labels[best], float(probabilities[best])))")
        .arg(path);
}

}  // namespace graft::ui
