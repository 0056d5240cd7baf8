// The texts that C++ sources put together: literals joined by '+', with %1, %2 ... for what is not a
// literal. A small reader of tokens, enough for the style of this project. Thread: any.
#pragma once

#include <QRegularExpression>
#include <QString>
#include <QStringList>

namespace graft::test {

class SourceTexts {
 public:
    /// In the order of the source; what has no literal in it is left out.
    static QStringList of(const QString& source) {
        SourceTexts reader(source);
        reader.level(QChar());
        return reader.m_texts;
    }

 private:
    explicit SourceTexts(const QString& source) : m_source(source) {}

    /// One expression as far as it is read: literals and other operands between '+'.
    struct Sum {
        QString text;
        int places = 0;
        bool literal = false;    ///< any
        bool inLiteral = false;  ///< the operand under way is one
        bool other = false;      ///< the operand under way is something else
        bool lastOther = false;  ///< so was the one before
    };

    void endOperand(Sum& sum) {
        if (sum.other && !sum.inLiteral && !sum.lastOther) {
            sum.text += QLatin1Char('%') + QString::number(++sum.places);
        }
        if (sum.other || sum.inLiteral) {
            sum.lastOther = !sum.inLiteral;
        }
        sum.other = sum.inLiteral = false;
    }
    void endSum(Sum& sum) {
        endOperand(sum);
        if (sum.literal) {
            m_texts << sum.text;
        }
        sum = Sum();
    }
    bool skip() {
        const auto starts = [this](const char* with) {
            return QStringView(m_source).mid(m_at).startsWith(QLatin1String(with));
        };
        if (starts("//") || (m_source[m_at] == QLatin1Char('#') &&
                             (m_at == 0 || m_source[m_at - 1] == QLatin1Char('\n')))) {
            const qsizetype end = m_source.indexOf(QLatin1Char('\n'), m_at);
            m_at = end < 0 ? m_source.size() : end;
            return true;
        }
        if (starts("/*")) {
            m_at = m_source.indexOf(QLatin1String("*/"), m_at) + 2;
            return true;
        }
        if (starts("R\"")) {
            const qsizetype open = m_source.indexOf(QLatin1Char('('), m_at);
            const QString close = QLatin1Char(')') + m_source.mid(m_at + 2, open - m_at - 2) + QLatin1Char('"');
            m_at = m_source.indexOf(close, open) + close.size();
            return true;
        }
        if (m_source[m_at].isSpace()) {
            ++m_at;
            return true;
        }
        return false;
    }
    QString quoted() {
        const QChar mark = m_source[m_at];
        const qsizetype from = ++m_at;
        while (m_source[m_at] != mark) {
            m_at += m_source[m_at] == QLatin1Char('\\') ? 2 : 1;
        }
        QString text = m_source.mid(from, m_at++ - from);
        return text.replace(QLatin1String("\\\""), QLatin1String("\""))
            .replace(QLatin1String("\\n"), QLatin1String("\n"));
    }
    void level(QChar close) {
        static const QRegularExpression word(QStringLiteral("\\G(?:[0-9][0-9A-Za-z'.]*|\\w+)"));
        static const QRegularExpression joined(QStringLiteral("\\G(?:::|->|\\+\\+|--)"));
        Sum sum;
        while (m_at < m_source.size()) {
            if (skip()) {
                continue;
            }
            const QChar c = m_source[m_at];
            if (c == QLatin1Char('"')) {
                sum.text += quoted();
                sum.literal = sum.inLiteral = true;
            } else if (c == QLatin1Char('\'')) {
                quoted();
                sum.other = true;
            } else if (const auto found = word.match(m_source, m_at); found.hasMatch()) {
                m_at += found.capturedLength();
                if (found.captured() == QLatin1String("return") ||
                    found.captured() == QLatin1String("case")) {
                    endSum(sum);
                } else {
                    sum.other = true;
                }
            } else if (const auto op = joined.match(m_source, m_at); op.hasMatch()) {
                m_at += op.capturedLength();
                sum.other = true;
            } else if (c == QLatin1Char('(') || c == QLatin1Char('[') || c == QLatin1Char('{')) {
                ++m_at;
                level(c == QLatin1Char('(') ? QLatin1Char(')')
                                            : QChar(c.unicode() + 2));
                sum.other = true;
                if (c == QLatin1Char('{')) {
                    endSum(sum);
                }
            } else if (c == close) {
                ++m_at;
                break;
            } else {
                ++m_at;
                if (c == QLatin1Char('+')) {
                    endOperand(sum);
                } else if (QStringLiteral(",;?:=<>!&|").contains(c)) {
                    endSum(sum);
                } else {
                    sum.other = true;
                }
            }
        }
        endSum(sum);
    }

    QString m_source;
    qsizetype m_at = 0;
    QStringList m_texts;
};

}  // namespace graft::test
