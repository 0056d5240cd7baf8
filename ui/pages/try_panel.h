// TryPanel: one picture, from a file, a drop or the clipboard, and what the model says of it. Knows
// a checkpoint file, no page. What belongs to the same picture can be put below the answer
// (addBelow) and follows tried(). Thread: GUI.
#pragma once

#include "core/deploy/package.h"
#include "ui/bridge/job_bridge.h"

#include <QImage>
#include <QWidget>

#include <functional>

class QLabel;
class QMimeData;
class QPushButton;
class QTemporaryDir;
class QVBoxLayout;

namespace graft::ui {

class AnswerBars;
class ImageView;

class TryPanel : public QWidget {
    Q_OBJECT
 public:
    /// Path of the checkpoint to ask, or why there is none.
    using Model = std::function<Result<std::string>()>;

    explicit TryPanel(Model model, QWidget* parent = nullptr);
    ~TryPanel() override;

    /// True for the name of a picture file.
    static bool takes(const QString& path);
    /// Asks the model about the picture file; what is no picture gives a plain message.
    void tryFile(const QString& path);
    /// The picture or picture file in the clipboard or in what was dropped. False where it has
    /// neither.
    bool tryData(const QMimeData* data);
    void paste();
    void choose();
    /// The model is another one: asks it about the same picture, if there is one.
    void modelChanged();
    void clear();
    /// Takes ownership.
    void addBelow(QWidget* widget);

 Q_SIGNALS:
    /// An answer for this picture is shown; the file exists until the next one is tried.
    void tried(const QString& path);

 protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

 private:
    struct Answer;
    void tryImage(const QImage& image);
    void ask(const QImage& pasted);
    void showAnswer(const Result<Answer>& answer);
    void showProblem(const QString& text);

    Model m_model;
    QString m_path;
    std::unique_ptr<QTemporaryDir> m_pasted;
    ImageView* m_view;
    QLabel* m_headline;
    QLabel* m_caption;
    AnswerBars* m_bars;
    QPushButton* m_choose;
    QPushButton* m_paste;
    QVBoxLayout* m_below;
    JobBridge m_job;
};

}  // namespace graft::ui
