#include "app/cli_train_printer.h"

#include "app/cli_progress.h"
#include "core/base/amounts.h"

#include <cstdio>

namespace graft::cli {

std::string epochLine(const MetricRow& row, std::int64_t epochCount) {
    const std::string total = std::to_string(epochCount);
    char head[64];
    std::snprintf(head, sizeof head, "Epoch %*lld/%s", int(total.size()),
                  static_cast<long long>(row.epoch), total.c_str());
    std::string line = std::string(head) + "  loss " + decimalText(row.trainLoss, 4) +
                       "  accuracy " + percentText(row.trainAccuracy);
    if (row.validationCount > 0) {
        line += "  validation loss " + decimalText(row.validationLoss, 4) + "  accuracy " +
                percentText(row.validationAccuracy);
    }
    line +=
        "  " + decimalText(row.imagesPerSecond, row.imagesPerSecond < 10 ? 1 : 0) + " pictures/s";
    return line + (row.best ? "  best so far" : "");
}

std::string snapshotLine(const TrainSnapshot& snapshot, int columns) {
    const double share =
        snapshot.stepCount > 0 ? double(snapshot.step) / double(snapshot.stepCount) : 0.0;
    std::string line = barText(share, 20) + " " + decimalText(100 * share, 0) + " %";
    if (snapshot.secondsLeft >= 0) {
        line += "  " + durationText(snapshot.secondsLeft) + " left";
    }
    line += "  epoch " + std::to_string(snapshot.epoch) + "/" + std::to_string(snapshot.epochCount);
    if (snapshot.toLookAt > 0) {
        line = barText(double(snapshot.lookedAt) / double(snapshot.toLookAt), 20);
    }
    if (snapshot.activity != "Training") {
        return cutToColumns(line + "  " + snapshot.activity, columns);
    }
    line += "  loss " + decimalText(snapshot.trainLoss, 3) + "  accuracy " +
            percentText(snapshot.trainAccuracy);
    if (snapshot.bestAccuracy >= 0) {
        line += "  best " + percentText(snapshot.bestAccuracy);
    }
    if (snapshot.cacheHits >= 0) {
        line += "  cache " + decimalText(100 * snapshot.cacheHits, 0) + " %, " +
                bytesText(snapshot.cacheBytes);
    }
    return cutToColumns(line, columns);
}

void TrainPrinter::event(const TrainEvent& event) {
    using Kind = TrainEvent::Kind;
    switch (event.kind) {
        case Kind::QuickModelReady:
        case Kind::Started:
            m_started = true;
            m_console.line(event.text);
            break;
        case Kind::Notice:
        case Kind::Finished:
            m_console.line(event.text);
            break;
        case Kind::Problem:
            m_console.notice("Left out: " + event.problem.path + ": " + event.problem.message);
            break;
        case Kind::Paused:
            if (!event.error.message.empty()) {
                m_problem = event.error;
                m_control.requestStop();
            }
            break;
        default:
            break;
    }
}

void TrainPrinter::metric(const MetricRow& row) {
    if (row.kind == MetricRow::Kind::Epoch && row.epoch > 0) {
        m_console.line(epochLine(row, m_last.epochCount));
    }
}

void TrainPrinter::snapshot(const TrainSnapshot& snapshot) {
    m_last = snapshot;
    const auto now = std::chrono::steady_clock::now();
    constexpr auto kInterval = std::chrono::milliseconds(100);
    if (now - m_lastDraw >= kInterval || snapshot.activity != "Training") {
        m_lastDraw = now;
        m_console.drawProgress(snapshotLine(snapshot, m_console.columns()));
    }
}

void TrainPrinter::rewind(std::int64_t step, std::int64_t) {
    if (step > 0) {
        m_console.line("Going on after step " + std::to_string(step));
    }
}

}  // namespace graft::cli
