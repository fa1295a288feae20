/// Finds what a misspelt word was probably meant to be.
enum Spelling {
    /// The candidate nearest to `word`, if it is near: at most a third of its letters wrong, and never more than three.
    static func nearest(to word: String, of candidates: [String]) -> String? {
        let word = Array(word.lowercased().unicodeScalars.prefix(64))
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(word, Array(candidate.unicodeScalars))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= min(3, max(1, best.name.count / 3)) else { return nil }
        return best.name
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
