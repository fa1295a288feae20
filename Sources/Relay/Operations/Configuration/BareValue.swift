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
        let words = text.split(omittingEmptySubsequences: false) { $0 == " " || !$0.isASCII || $0.value < 0x20 }
        if words[0].count > limit { return "more than \(limit) characters without quotes are no value" }
        guard words[0].contains("-") else { return nil }
        // A time is separated from its date by a T or by one space, and has two digits of hours.
        if let mark = words[0].firstIndex(where: { $0 == "T" || $0 == "t" }) {
            guard mark + 1 < words[0].endIndex, isDigit(text[mark + 1]) else {
                return "a date with half a time behind it"
            }
        } else if words.count > 1, text[words[0].endIndex] == " ", words[1].count == 1,
            isDigit(words[1][words[1].startIndex])
        {
            return "a date with half a time behind it"
        }
        return nil
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
