// Heartbeat: measures how long the event loop of the window was away. On when the environment
// variable GRAFT_HEARTBEAT names a file: one gap per line, milliseconds, written at the end.
// Thread: GUI.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>

#include <vector>

namespace graft::ui {

class Heartbeat : public QObject {
    Q_OBJECT
 public:
    static constexpr int kBeatMs = 10;

    /// Does nothing when `file` is empty.
    explicit Heartbeat(const QString& file, QObject* parent = nullptr);
    ~Heartbeat() override;  ///< writes the file

    const std::vector<float>& gapsMs() const { return m_gapsMs; }

 private:
    QString m_file;
    QTimer m_timer;
    QElapsedTimer m_clock;
    std::vector<float> m_gapsMs;  ///< time from one beat to the next
};

}  // namespace graft::ui
