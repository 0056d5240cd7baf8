#include "ui/widgets/dialogs.h"

#include <QFileDialog>
#include <QInputDialog>
#include <QMessageBox>
#include <QPushButton>

#include <deque>

namespace graft::ui {

namespace {

struct Script {
    bool on = false;
    std::deque<QString> paths;
    std::deque<QString> texts;
    std::deque<int> answers;
    QStringList asked;
};

Script& script() {
    static Script the;
    return the;
}

template <class T>
T takeFirst(std::deque<T>& queue, T otherwise) {
    if (queue.empty()) {
        return otherwise;
    }
    T first = queue.front();
    queue.pop_front();
    return first;
}

QString scriptedPath(const QString& title) {
    script().asked << title;
    return takeFirst(script().paths, QString());
}

}  // namespace

QString Dialogs::pickFolder(QWidget* parent, const QString& title, const QString& startDir) {
    if (script().on) {
        return scriptedPath(title);
    }
    return QFileDialog::getExistingDirectory(parent, title, startDir);
}

QString Dialogs::pickFile(QWidget* parent, const QString& title, const QString& startDir,
                          const QString& filter) {
    if (script().on) {
        return scriptedPath(title);
    }
    return QFileDialog::getOpenFileName(parent, title, startDir, filter);
}

QString Dialogs::pickSaveFile(QWidget* parent, const QString& title, const QString& startDir,
                              const QString& filter) {
    if (script().on) {
        return scriptedPath(title);
    }
    return QFileDialog::getSaveFileName(parent, title, startDir, filter);
}

QString Dialogs::askText(QWidget* parent, const QString& question, const QString& initial) {
    if (script().on) {
        script().asked << question;
        return takeFirst(script().texts, QString());
    }
    return QInputDialog::getText(parent, QString(), question, QLineEdit::Normal, initial);
}

int Dialogs::ask(QWidget* parent, const QString& question, const QStringList& buttons) {
    if (script().on) {
        script().asked << question;
        return takeFirst(script().answers, -1);
    }
    QMessageBox box(QMessageBox::Question, QString(), question, QMessageBox::NoButton, parent);
    QList<QAbstractButton*> made;
    for (const QString& text : buttons) {
        made << box.addButton(text,
                              made.isEmpty() ? QMessageBox::AcceptRole : QMessageBox::RejectRole);
    }
    if (!made.isEmpty()) {
        box.setDefaultButton(qobject_cast<QPushButton*>(made.first()));
    }
    box.exec();
    return int(made.indexOf(box.clickedButton()));
}

void Dialogs::scriptPath(const QString& path) {
    script().on = true;
    script().paths.push_back(path);
}

void Dialogs::scriptText(const QString& text) {
    script().on = true;
    script().texts.push_back(text);
}

void Dialogs::scriptAnswer(int button) {
    script().on = true;
    script().answers.push_back(button);
}

void Dialogs::clearScript() {
    script() = Script();
}

QStringList Dialogs::asked() {
    return script().asked;
}

}  // namespace graft::ui
