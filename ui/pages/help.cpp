#include "ui/pages/help.h"

#include "ui/pages/page.h"

#include <QApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

namespace graft::ui {

namespace {

void showText(QWidget* parent, const char* name, const QString& title, const QString& html) {
    if (auto* open = parent->findChild<QDialog*>(QLatin1String(name))) {
        open->raise();
        open->activateWindow();
        return;
    }
    auto* dialog = new QDialog(parent);
    dialog->setObjectName(QLatin1String(name));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    auto* column = new QVBoxLayout(dialog);
    auto* scroll = new QScrollArea(dialog);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    auto* label = new QLabel(html);
    label->setTextFormat(Qt::RichText);
    label->setWordWrap(true);
    label->setAlignment(Qt::AlignTop);
    label->setMargin(8);
    label->setTextInteractionFlags(Qt::TextBrowserInteraction);
    scroll->setWidget(label);
    column->addWidget(scroll);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
    column->addWidget(buttons);
    const int unit = dialog->fontMetrics().averageCharWidth();
    dialog->resize(unit * 70, dialog->fontMetrics().height() * 30);
    dialog->show();
}

}  // namespace

void showShortcuts(QWidget* parent) {
    struct Entry {
        QString keys;
        QString what;
    };
    const QList<Entry> entries = {
        {Page::tr("Ctrl+O"), Page::tr("Open a folder of images")},
        {Page::tr("Ctrl+Shift+O"), Page::tr("Open a project")},
        {Page::tr("Ctrl+1 … Ctrl+6"), Page::tr("Data, Augment, Model, Train, Evaluate, Export")},
        {Page::tr("Ctrl+Return"), Page::tr("The next step (the button at the bottom right)")},
        {Page::tr("Ctrl+Z, Ctrl+Shift+Z"), Page::tr("Undo, redo")},
        {Page::tr("F5, F6, Shift+F5"), Page::tr("Train, pause or resume, stop")},
        {Page::tr("1 … 9"), Page::tr("Move the selected pictures to a class (Data)")},
        {Page::tr("X"), Page::tr("Leave the selected pictures out, or take them back (Data)")},
        {Page::tr("Space"), Page::tr("Show the picture large, and back (Data)")},
        {Page::tr("Arrows, Ctrl+A"), Page::tr("Move through the pictures, select all (Data)")},
        {Page::tr("Ctrl + mouse wheel"), Page::tr("Size of the pictures (Data)")},
        {Page::tr("F2"), Page::tr("Rename the class (list of classes)")},
        {Page::tr("F9"), Page::tr("Fold the side with the selected picture (Data)")},
        {Page::tr("Ctrl+Shift+R"), Page::tr("Look for changes in the folder")},
        {Page::tr("F1"), Page::tr("This list")},
        {Page::tr("Ctrl+W, Ctrl+Q"), Page::tr("Close the project, quit")},
    };
    QString rows;
    for (const Entry& entry : entries) {
        rows += QStringLiteral(
                    "<tr><td style='padding:2px 14px 2px 0'><b>%1</b></td>"
                    "<td style='padding:2px 0'>%2</td></tr>")
                    .arg(entry.keys.toHtmlEscaped(), entry.what.toHtmlEscaped());
    }
    showText(parent, "shortcutsDialog", Page::tr("Keys"),
             QStringLiteral("<table>%1</table>").arg(rows));
}

void showAbout(QWidget* parent) {
    showText(parent, "aboutDialog", Page::tr("About Graft"),
             Page::tr("<h2>Graft %1</h2><p>Teach a trained network your own kinds of pictures, and "
                      "watch it learn.</p><p>Everything stays on this computer. Your pictures are "
                      "only read, never changed.</p><p>Free software under the GNU General Public "
                      "License, version 3 or later. Built with Qt %2, LibTorch, OpenCV, SQLite and "
                      "QCustomPlot.</p>")
                 .arg(QApplication::applicationVersion(), QLatin1String(qVersion())));
}

}  // namespace graft::ui
