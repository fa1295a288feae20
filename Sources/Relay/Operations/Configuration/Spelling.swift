/// Finds what a misspelt word was probably meant to be.
public enum Spelling {
    /// Letters with which a word begins that stand for it: `warn`, `err`, `crit`.
    private static let shortestBeginning = 3

    /// The candidate nearest to `word`, if it is near: at most a third of its letters wrong, and never more than three; else the only
    /// one that begins with it.
    static func nearest(to word: String, of candidates: [String]) -> String? {
        allNearest(to: word, of: candidates).first
    }

    /// The same, and all others that are as near: `holdz` is `hold` or `holds`.
    public static func allNearest(to word: String, of candidates: [String]) -> [String] {
        let word = Array(word.lowercased().unicodeScalars.prefix(64))
        let near = candidates.map { (name: $0, distance: distance(word, Array($0.unicodeScalars))) }
            .filter { $0.distance <= min(3, max(1, $0.name.count / 3)) }
        guard let least = near.map(\.distance).min() else { return begun(by: word, candidates) }
        return near.filter { $0.distance == least }.map(\.name)
    }

    private static func begun(by word: [Unicode.Scalar], _ candidates: [String]) -> [String] {
        guard word.count >= shortestBeginning else { return [] }
        let found = candidates.filter { $0.unicodeScalars.starts(with: word) }
        return found.count == 1 ? found : []
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other (optimal
    /// string alignment).
    static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var above = Array(0...other.count)
        for row in 0..<one.count {
            var current = [row + 1]
            for column in 0..<other.count {
                let substituted = above[column] + (one[row] == other[column] ? 0 : 1)
                var least = min(substituted, above[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                    least = min(least, before[column - 1] + 1)
                }
                current.append(least)
            }
            before = above
            above = current
        }
        return above[other.count]
    }
}

/// Texts as TOML basic strings.
enum TOMLText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where LogLine.isUnsafe(scalar): result += "\\u" + LogLine.hexadecimal(scalar, width: 4)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
