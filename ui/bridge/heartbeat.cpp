#include "ui/bridge/heartbeat.h"

#include <QFile>
#include <QTextStream>

namespace graft::ui {

Heartbeat::Heartbeat(const QString& file, QObject* parent) : QObject(parent), m_file(file) {
    if (file.isEmpty()) {
        return;
    }
    m_gapsMs.reserve(1 << 20);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        m_gapsMs.push_back(float(double(m_clock.nsecsElapsed()) / 1e6));
        m_clock.restart();
    });
    m_clock.start();
    m_timer.start(kBeatMs);
}

Heartbeat::~Heartbeat() {
    QFile out(m_file);
    if (m_file.isEmpty() || !out.open(QIODevice::WriteOnly | QIODevice::Truncate)) {
        return;
    }
    QTextStream text(&out);
    for (const float gap : m_gapsMs) {
        text << gap << '\n';
    }
}

}  // namespace graft::ui
