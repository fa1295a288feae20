/// A value that stands without quotes: a number, a truth value, a date or a time (TOML 1.0). What the parser proper takes
/// for granted in one without having looked, and ends the process over, is looked at here before it gets the text.
enum BareValue {
    /// Scalars of the longest: a date and time with every digit of its fraction that can count has half as many.
    static let limit = 64

    /// Whether any value begins like this, with quotes and brackets or without.
    static func mayBeValue(_ scalar: Unicode.Scalar) -> Bool {
        // Of other characters the parser tells itself.
        scalar.isASCII && scalar != "}"
    }

    /// What is wrong with the text between a value's beginning and what ends it, if it is one of these.
    static func problem(in text: ArraySlice<Unicode.Scalar>) -> String? {
        guard let first = text.first, isDigit(first) else { return nil }
        let word = text.prefix(while: isOfValue)
        if word.count > limit { return "more than \(limit) characters without quotes are no value" }
        let behind = text[word.endIndex...]
        if let next = behind.first, next != " ", next != "\t" { return "a character that is part of no value" }
        guard word.contains("-") else { return nil }
        // A time is separated from its date by a T or by one space, and has two digits of hours.
        if let mark = word.firstIndex(where: { $0 == "T" || $0 == "t" }) {
            guard mark + 1 < word.endIndex, isDigit(text[mark + 1]) else { return halfTime }
        } else if behind.first == " " {
            let time = behind.dropFirst().prefix(while: isOfValue)
            if time.count == 1, time.allSatisfy(isDigit) { return halfTime }
        }
        return nil
    }

    private static let halfTime = "a date with half a time behind it"

    private static func isOfValue(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || "+-._:".unicodeScalars.contains(scalar)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
