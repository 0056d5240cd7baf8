<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>graft::ui::AnswerBars</name>
    <message numerus="yes">
        <source>%n other class(es): %1</source>
        <translation>
            <numerusform>%n other class: %1</numerusform>
            <numerusform>%n other classes: %1</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>graft::ui::EvaluatePage</name>
    <message numerus="yes">
        <source>%n picture(s) could not be read and are not counted.</source>
        <translation>
            <numerusform>%n picture could not be read and is not counted.</numerusform>
            <numerusform>%n pictures could not be read and are not counted.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>graft::ui::MatrixModel</name>
    <message numerus="yes">
        <source>%n picture(s) of %1, recognised as %1</source>
        <translation>
            <numerusform>%n picture of %1, recognised as %1</numerusform>
            <numerusform>%n pictures of %1, recognised as %1</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) of %1, taken for %2</source>
        <translation>
            <numerusform>%n picture of %1, taken for %2</numerusform>
            <numerusform>%n pictures of %1, taken for %2</numerusform>
        </translation>
    </message>
</context>
</TS>
