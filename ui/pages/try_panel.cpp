#include "ui/pages/try_panel.h"

#include "core/data/image_reader.h"
#include "ui/bridge/core_texts.h"
#include "ui/bridge/image_convert.h"
#include "ui/models/texts.h"
#include "ui/widgets/answer_bars.h"
#include "ui/widgets/dialogs.h"
#include "ui/widgets/image_view.h"

#include <QClipboard>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QGuiApplication>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QTemporaryDir>
#include <QVBoxLayout>

#include <algorithm>

namespace graft::ui {

namespace {

constexpr int kRows = 5;
constexpr int kShownSide = 480;    // pixels
constexpr double kUnsure = 0.6;    // below, the answer is called a guess
const QString kPictures = QStringLiteral("*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp");

QString fileOf(const QMimeData* data) {
    for (const QUrl& url : data->urls()) {
        if (url.isLocalFile() && QFileInfo(url.toLocalFile()).isFile()) {
            return url.toLocalFile();
        }
    }
    return {};
}

}  // namespace

struct TryPanel::Answer {
    QImage image;
    Prediction prediction;
    std::vector<std::string> labels;
};

TryPanel::TryPanel(Model model, QWidget* parent)
    : QWidget(parent),
      m_model(std::move(model)),
      m_view(new ImageView(this)),
      m_headline(new QLabel(this)),
      m_caption(new QLabel(this)),
      m_bars(new AnswerBars(kRows, this)),
      m_choose(new QPushButton(tr("C&hoose a picture…"), this)),
      m_paste(new QPushButton(tr("&Paste"), this)),
      m_below(new QVBoxLayout) {
    setObjectName(QStringLiteral("tryPanel"));
    setAcceptDrops(true);
    m_view->setObjectName(QStringLiteral("tryView"));
    m_view->setAccessibleName(tr("The picture that is tried"));
    m_headline->setObjectName(QStringLiteral("tryHeadline"));
    m_headline->setWordWrap(true);
    m_headline->setTextFormat(Qt::PlainText);
    QFont large(m_headline->font());
    large.setPointSizeF(large.pointSizeF() * 1.3);
    large.setBold(true);
    m_headline->setFont(large);
    m_caption->setObjectName(QStringLiteral("tryCaption"));
    m_caption->setWordWrap(true);
    m_caption->setTextFormat(Qt::PlainText);
    m_choose->setObjectName(QStringLiteral("tryChooseButton"));
    m_choose->setToolTip(tr("Ask the model about a picture that is not in the data (inference)"));
    m_paste->setObjectName(QStringLiteral("tryPasteButton"));
    m_paste->setToolTip(tr("The picture or picture file in the clipboard (Ctrl+V)"));
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_choose);
    buttons->addWidget(m_paste);
    buttons->addStretch(1);
    auto* column = new QVBoxLayout(this);
    column->addLayout(buttons);
    column->addWidget(m_view, 1);
    column->addWidget(m_headline);
    column->addWidget(m_caption);
    column->addWidget(m_bars);
    column->addLayout(m_below);
    connect(m_choose, &QPushButton::clicked, this, &TryPanel::choose);
    connect(m_paste, &QPushButton::clicked, this, &TryPanel::paste);
    clear();
}

TryPanel::~TryPanel() = default;

bool TryPanel::takes(const QString& path) {
    return QDir::match(kPictures.split(QLatin1Char(' ')), QFileInfo(path).fileName());
}

void TryPanel::addBelow(QWidget* widget) {
    m_below->addWidget(widget);
}

void TryPanel::clear() {
    m_job.cancelQuietly();
    m_path.clear();
    m_view->setText(tr("Drop a picture here, or paste one (Ctrl+V)."));
    m_headline->clear();
    m_headline->hide();
    m_caption->clear();
    m_caption->hide();
    m_bars->setAnswers({});
}

void TryPanel::choose() {
    const QString path = Dialogs::pickFile(this, tr("Choose a picture to try"), {},
                                           tr("Pictures (%1);;All files (*)").arg(kPictures));
    if (!path.isEmpty()) {
        tryFile(path);
    }
}

void TryPanel::paste() {
    if (!tryData(QGuiApplication::clipboard()->mimeData())) {
        showProblem(tr("There is no picture in the clipboard. Copy a picture or a picture file "
                       "first."));
    }
}

bool TryPanel::tryData(const QMimeData* data) {
    if (!data) {
        return false;
    }
    if (const QString path = fileOf(data); !path.isEmpty()) {
        tryFile(path);
        return true;
    }
    if (const QImage image = qvariant_cast<QImage>(data->imageData()); !image.isNull()) {
        tryImage(image);
        return true;
    }
    return false;
}

void TryPanel::tryFile(const QString& path) {
    m_path = path;
    ask({});
}

void TryPanel::tryImage(const QImage& image) {
    if (!m_pasted) {
        m_pasted = std::make_unique<QTemporaryDir>();
    }
    // Through a file, so that it comes in by the same door as all others.
    m_path = m_pasted->filePath(QStringLiteral("pasted.png"));
    ask(image);
}

void TryPanel::modelChanged() {
    if (!m_path.isEmpty()) {
        ask({});
    }
}

void TryPanel::ask(const QImage& pasted) {
    const Result<std::string> model = m_model();
    if (!model) {
        showProblem(Texts::error(model.error()));
        return;
    }
    m_headline->setVisible(true);
    m_headline->setText(tr("Looking at the picture …"));
    m_caption->hide();
    m_bars->setAnswers({});
    m_job.run<Answer>(
        [pasted, checkpoint = *model, path = m_path] {
            return Job<Answer>::start(
                [pasted, checkpoint, path](Progress& progress) -> Result<Answer> {
                    if (!pasted.isNull() && !pasted.save(path)) {
                        return Error{ErrorCode::Io, "The picture could not be read.", {}, {}};
                    }
                    const ImageRef ref{path.toStdString(), -1};
                    Answer answer;
                    ReadOptions options;
                    options.minShorterSide = kShownSide;
                    GRAFT_TRY(const Image image, readImage(ref, options));
                    answer.image = toQImage(image);
                    PredictorLabels labels;
                    GRAFT_TRY(auto predictions,
                              predictWithCheckpoint(checkpoint, {ref}, &labels, progress));
                    answer.prediction = std::move(predictions.at(0));
                    answer.labels = std::move(labels.labels);
                    return answer;
                });
        },
        [this](const Result<Answer>& answer) { showAnswer(answer); });
}

void TryPanel::showAnswer(const Result<Answer>& answer) {
    if (!answer) {
        if (answer.error().code != ErrorCode::Cancelled) {
            showProblem(Texts::error(answer.error()));
        }
        return;
    }
    m_view->setImage(answer->image);
    if (!answer->prediction.error.empty()) {
        showProblem(CoreTexts::tr(answer->prediction.error));
        m_view->setImage(answer->image);
        return;
    }
    QList<AnswerBars::Answer> answers;
    const std::vector<double>& probabilities = answer->prediction.probabilities;
    for (std::size_t i = 0; i < probabilities.size() && i < answer->labels.size(); ++i) {
        answers.push_back({Texts::from(answer->labels[i]), probabilities[i]});
    }
    std::stable_sort(answers.begin(), answers.end(),
                     [](const auto& a, const auto& b) { return a.probability > b.probability; });
    const double best = answer->prediction.probability;
    const QString name = Texts::from(answer->prediction.label);
    m_headline->setText(best < kUnsure ? tr("Perhaps %1").arg(name) : name);
    m_headline->setVisible(true);
    m_caption->setText(
        best < kUnsure
            ? tr("The model is only %1 sure: the picture may be of another kind than the training "
                 "pictures.")
                  .arg(Texts::percent(best))
            : tr("The model is %1 sure.").arg(Texts::percent(best)));
    m_caption->setToolTip(tr("Probability of the most likely class (softmax). It is high for "
                             "anything that looks like a class, also for what is none of them."));
    m_caption->setVisible(true);
    m_bars->setAnswers(answers);
    Q_EMIT tried(m_path);
}

void TryPanel::showProblem(const QString& text) {
    m_view->setText(tr("No answer"));
    m_headline->hide();
    m_caption->setText(text);
    m_caption->setVisible(true);
    m_bars->setAnswers({});
}

void TryPanel::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasImage() || !fileOf(event->mimeData()).isEmpty()) {
        event->acceptProposedAction();
    }
}

void TryPanel::dropEvent(QDropEvent* event) {
    if (tryData(event->mimeData())) {
        event->acceptProposedAction();
    }
}

}  // namespace graft::ui
