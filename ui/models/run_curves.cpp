#include "ui/models/run_curves.h"

#include "ui/bridge/core_texts.h"
#include "ui/models/texts.h"

#include <algorithm>
#include <cmath>

namespace graft::ui {

void RunCurves::reset(double stepsPerEpoch) {
    const int next = m_generation + 1;
    *this = RunCurves();
    m_generation = next;
    m_stepsPerEpoch = stepsPerEpoch;
}

double RunCurves::epochsAt(std::int64_t step) const {
    return m_stepsPerEpoch > 0 ? double(step) / m_stepsPerEpoch : double(step);
}

void RunCurves::append(const std::vector<MetricRow>& rows) {
    bool moved = false;
    for (const MetricRow& row : rows) {
        // A run that resumed from an older checkpoint repeats steps: the newer rows count.
        while (!m_rows.empty() &&
               (m_rows.back().step > row.step ||
                (m_rows.back().step == row.step && m_rows.back().kind == row.kind))) {
            m_rows.pop_back();
            moved = true;
        }
        m_rows.push_back(row);
        if (m_stepsPerEpoch <= 0 && row.kind == MetricRow::Kind::Epoch && row.epoch > 0) {
            m_stepsPerEpoch = double(row.step) / double(row.epoch);
            moved = true;
        }
        if (!moved) {
            add(row);
        }
    }
    if (moved) {
        rebuild();
    }
}

void RunCurves::addEdit(const EditRecord& edit) {
    std::erase_if(m_edits, [&](const EditRecord& e) { return e.number >= edit.number; });
    m_edits.push_back(edit);
}

void RunCurves::setStepsPerEpoch(double steps) {
    if (steps > 0 && std::abs(steps - m_stepsPerEpoch) > 1e-9) {
        m_stepsPerEpoch = steps;
        rebuild();
    }
}

void RunCurves::add(const MetricRow& row) {
    const double x = epochsAt(row.step);
    const auto push = [x](CurveData& curve, double y) {
        curve.x.push_back(x);
        curve.y.push_back(y);
    };
    if (row.kind == MetricRow::Kind::Step) {
        push(m_trainLoss, row.trainLoss);
        push(m_trainAccuracy, row.trainAccuracy);
        push(m_learningRate, row.learningRate);
    } else if (row.validationCount > 0) {
        push(m_validationLoss, row.validationLoss);
        push(m_validationAccuracy, row.validationAccuracy);
    }
}

void RunCurves::rebuild() {
    ++m_generation;
    for (CurveData* curve : {&m_trainLoss, &m_trainAccuracy, &m_learningRate, &m_validationLoss,
                             &m_validationAccuracy}) {
        curve->clear();
    }
    for (const MetricRow& row : m_rows) {
        add(row);
    }
}

std::vector<EditMark> RunCurves::marks() const {
    std::vector<EditMark> marks;
    for (const EditRecord& edit : m_edits) {
        marks.push_back({epochsAt(edit.step), CoreTexts::tr(commandText(edit.command))});
    }
    return marks;
}

}  // namespace graft::ui
