#include "ui/bridge/core_texts.h"

#include "ui/bridge/language.h"

#include <QCoreApplication>

#include <algorithm>
#include <vector>

namespace graft::ui {

namespace {

constexpr const char* kContext = "core";

constexpr const char* kPatterns[] = {
#include "ui/bridge/core_texts_list.inc"
};

/// What stands between two sentences, after the words before a list, and so on.
struct Joint {
    const char* text;
    const char* comment;
};
constexpr Joint kJoints[] = {
    QT_TRANSLATE_NOOP3("core", ". ", "between two sentences"),
    QT_TRANSLATE_NOOP3("core", ": ", "between two parts of a sentence"),
    QT_TRANSLATE_NOOP3("core", "; ", "between two parts of a sentence"),
    QT_TRANSLATE_NOOP3("core", ", ", "between two parts of a sentence"),
};

constexpr int kDeepest = 4;

struct Pattern {
    QString english;
    QStringList pieces;  ///< what stands around %1, %2 ...
    int letters = 0;     ///< of the pieces: the longest pattern is the right one
};

std::vector<Pattern> makePatterns() {
    std::vector<Pattern> all;
    for (const char* text : kPatterns) {
        Pattern pattern;
        pattern.english = QString::fromUtf8(text);
        QString rest = pattern.english;
        for (int number = 1;; ++number) {
            const QString place = QLatin1Char('%') + QString::number(number);
            const qsizetype at = rest.indexOf(place);
            if (at < 0) {
                break;
            }
            pattern.pieces << rest.left(at);
            rest = rest.mid(at + place.size());
        }
        if (pattern.pieces.isEmpty()) {
            continue;  // a whole text; it is found by itself
        }
        pattern.pieces << rest;
        for (const QString& piece : pattern.pieces) {
            pattern.letters += int(piece.size());
        }
        all.push_back(std::move(pattern));
    }
    std::stable_sort(all.begin(), all.end(), [](const Pattern& a, const Pattern& b) {
        return a.letters > b.letters;
    });
    return all;
}

/// True with the parts of `text` that stand for %1, %2 ... of the pattern.
bool matches(const Pattern& pattern, const QString& text, QStringList* parts) {
    if (!text.startsWith(pattern.pieces.first()) || !text.endsWith(pattern.pieces.last())) {
        return false;
    }
    parts->clear();
    qsizetype from = pattern.pieces.first().size();
    const qsizetype end = text.size() - pattern.pieces.last().size();
    for (qsizetype i = 1; i + 1 < pattern.pieces.size(); ++i) {
        const qsizetype at = text.indexOf(pattern.pieces[i], from);
        if (at < 0 || at + pattern.pieces[i].size() > end) {
            return false;
        }
        *parts << text.mid(from, at - from);
        from = at + pattern.pieces[i].size();
    }
    if (from > end) {
        return false;
    }
    *parts << text.mid(from, end - from);
    return true;
}

QString exact(const QString& english) {
    const QString found = QCoreApplication::translate(kContext, english.toUtf8().constData());
    return found == english ? QString() : found;
}

QString translated(const QString& english, int depth);

/// A part is a text of its own if it has several words; a single one may be anybody's name.
QString translatedPart(const QString& part, int depth) {
    if (!part.trimmed().contains(QLatin1Char(' '))) {
        return part;
    }
    const QString found = translated(part, depth);
    return found.isEmpty() ? part : found;
}

QString byPattern(const QString& english, int depth) {
    static const std::vector<Pattern> all = makePatterns();
    QStringList parts;
    for (const Pattern& pattern : all) {
        if (!matches(pattern, english, &parts)) {
            continue;
        }
        QString text = exact(pattern.english);
        if (text.isEmpty()) {
            continue;
        }
        // By hand: a part may hold a "%1" itself.
        QString filled;
        for (qsizetype i = 0; i < text.size(); ++i) {
            const int number = text[i] == QLatin1Char('%') && i + 1 < text.size()
                                   ? text[i + 1].digitValue()
                                   : -1;
            if (number >= 1 && number <= parts.size()) {
                filled += translatedPart(parts[number - 1], depth + 1);
                ++i;
            } else {
                filled += text[i];
            }
        }
        return filled;
    }
    return {};
}

/// "Paused: the disk is full" in two halves, where the first is known.
QString byHalves(const QString& english, int depth) {
    for (const Joint& joint : kJoints) {
        const QString between = QString::fromLatin1(joint.text);
        for (qsizetype at = english.indexOf(between); at > 0;
             at = english.indexOf(between, at + 1)) {
            const QString rest = english.mid(at + between.size());
            // The stop belongs to the sentence before it.
            const bool stop = between.startsWith(QLatin1Char('.'));
            const QString first = translated(english.left(at + (stop ? 1 : 0)), depth + 1);
            if (first.isEmpty() || rest.isEmpty()) {
                continue;
            }
            const QString second = translated(rest, depth + 1);
            const QString shown = second.isEmpty() ? rest : second;
            return stop ? CoreTexts::joined(first, shown)
                        : first +
                              QCoreApplication::translate(kContext, joint.text, joint.comment) +
                              shown;
        }
    }
    return {};
}

/// "" where nothing is known of the text.
QString translated(const QString& english, int depth) {
    if (depth > kDeepest || english.isEmpty()) {
        return {};
    }
    QString found = exact(english);
    if (found.isEmpty()) {
        found = byPattern(english, depth);
    }
    return found.isEmpty() ? byHalves(english, depth) : found;
}

}  // namespace

QString CoreTexts::tr(const QString& english) {
    if (Language::current() == Language::codes().first()) {
        return english;
    }
    const QString found = translated(english.trimmed(), 0);
    return found.isEmpty() ? english : found;
}

QString CoreTexts::joined(const QString& first, const QString& second) {
    if (first.isEmpty() || second.isEmpty()) {
        return first + second;
    }
    const QString stop = QCoreApplication::translate(kContext, ". ", "between two sentences");
    return first + stop.mid(1) + second;
}

QStringList CoreTexts::patterns() {
    QStringList all;
    for (const char* text : kPatterns) {
        all << QString::fromUtf8(text);
    }
    return all;
}

}  // namespace graft::ui
