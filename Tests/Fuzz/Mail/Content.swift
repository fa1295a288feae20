import Fuzzing

@testable import Mail

/// Content by DATA and by BDAT, and on its way out again.
extension Target {
    static let content: [Target] = [
        Target("content") { octets in
            let whole = Passage(octets, cuts: [], limit: 4096)
            for cut in [0, min(1, octets.count), octets.count / 2, max(0, octets.count - 2), max(0, octets.count - 1)] {
                must(
                    Passage(octets, cuts: [cut], limit: 4096) == whole, "content differs by how it comes, cut at \(cut)"
                )
            }
            // A long one would take its time.
            if octets.count <= 512 {
                must(
                    Passage(octets, cuts: Array(0...octets.count), limit: 4096) == whole,
                    "content differs octet by octet")
            }
            let (text, consumed) = unstuffed(octets)
            must(whole.consumed == consumed, "its end is at \(whole.consumed ?? -1), not \(consumed ?? -1)")
            guard consumed != nil, whole.facts.bareLineEnd == nil else { return }
            must(whole.facts.size == text.count, "\(whole.facts.size) octets were counted, not \(text.count)")
            must(whole.emitted == Array(text.prefix(4096)), "content is not what was sent")
            check(whole.facts, text)
        },
        Target("bdat") { octets in
            // The first octets say how the rest is cut into chunks.
            var draw = Draw(octets)
            let cuts = draw.octets(4).map(Int.init)
            let text = draw.all()
            let whole = Passage(chunks: text, cuts: [])
            must(Passage(chunks: text, cuts: cuts) == whole, "content differs by its chunks")
            let writing = Result { try stuffed(text, cut: cuts.first ?? 0) }
            switch writing {
            case .failure:
                must(whole.facts.bareLineEnd != nil, "content that came in does not leave")
            case .success(let sent):
                must(whole.facts.bareLineEnd == nil, "a bare CR or LF leaves")
                must((try? stuffed(text, cut: 0)) == sent, "what leaves differs by how it is cut")
                // By DATA it is what it was, with a line end where it lacked one.
                let ended = whole.facts.endsWithLineEnd ? text : text + [0x0D, 0x0A]
                let back = Passage(sent, cuts: [], limit: Int.max)
                must(back.consumed == sent.count, "\(sent.count) octets are \(back.consumed ?? -1)")
                must(back.emitted == ended, "what leaves is not what came")
                check(whole.facts, text)
            }
        },
    ]

    /// The facts are those that reading the whole says.
    private static func check(_ facts: ContentFacts, _ text: [UInt8]) {
        let section = HeaderSection(reading: text)
        must(facts.headerHasEnded, "the header section has no end")
        must(facts.bodyOffset == section.bodyOffset, "the body begins at \(facts.bodyOffset ?? -1)")
        must(facts.has8bit == text.contains { $0 >= 0x80 }, "8 bits are \(facts.has8bit)")
        must(facts.headerHas8bit == text[..<section.end].contains { $0 >= 0x80 }, "8 bits in the header section")
        must(
            facts.receivedCount == section.fields(named: "Received").count,
            "\(facts.receivedCount) times Received, not \(section.fields(named: "Received").count)")
        must(facts.hasFrom == !section.fields(named: "From").isEmpty, "From is there: \(facts.hasFrom)")
        must(facts.hasDate == !section.fields(named: "Date").isEmpty, "Date is there: \(facts.hasDate)")
        // A tab is a blank there as in any field.
        let messageID = facts.messageID?.replacing("\t", with: " ") ?? ""
        must(
            !messageID.utf8.contains { $0 < 0x20 || $0 == 0x7F },
            "\(messageID.debugDescription) holds a control character")
    }

    /// As RFC 5321 §4.5.2 says it, with all of it at hand.
    private static func unstuffed(_ octets: [UInt8]) -> (text: [UInt8], consumed: Int?) {
        var text: [UInt8] = []
        var index = 0
        while index < octets.count {
            let isLineStart = index == 0 || index >= 2 && octets[index - 2] == 0x0D && octets[index - 1] == 0x0A
            if isLineStart, octets[index] == UInt8(ascii: ".") {
                index += 1
                if octets[index...].prefix(2) == [0x0D, 0x0A] { return (text, index + 2) }
                continue
            }
            text.append(octets[index])
            index += 1
        }
        return (text, nil)
    }

    private static func stuffed(_ text: [UInt8], cut: Int) throws -> [UInt8] {
        var writer = ContentWriter()
        var sent: [UInt8] = []
        for part in [text.prefix(cut), text.dropFirst(cut)] {
            try Array(part).withUnsafeBytes { bytes in try writer.encode(bytes) { sent += $0 } }
        }
        try writer.finish { sent += $0 }
        return sent
    }
}

/// Content that went through a reader in pieces, and what the reader says of it. Content with a bare CR or LF is refused: how much
/// of it was emitted before depends on the pieces, and is left out.
private struct Passage: Equatable {
    private(set) var emitted: [UInt8] = []
    private(set) var facts: ContentFacts
    /// Octets up to the end of the content; nil where it has none.
    private(set) var consumed: Int?

    /// By DATA. Cuts are offsets, in order.
    init(_ octets: [UInt8], cuts: [Int], limit: Int) {
        var reader = ContentReader(limit: limit)
        var emitted: [UInt8] = []
        var start = 0
        for end in cuts + [octets.count] {
            let progress = Array(octets[start..<end]).withUnsafeBytes { bytes in
                reader.consume(bytes) { emitted += $0 }
            }
            if case .ended(let count) = progress {
                consumed = start + count
                break
            }
            start = end
        }
        facts = reader.facts
        self.emitted = facts.bareLineEnd == nil ? emitted : []
    }

    /// By BDAT. Cuts are octets of the chunks but the last.
    init(chunks octets: [UInt8], cuts: [Int]) {
        var reader = ContentReader(limit: .max, framing: .chunks)
        var emitted: [UInt8] = []
        var rest = octets[...]
        for count in cuts + [octets.count] {
            Array(rest.prefix(count)).withUnsafeBytes { bytes in reader.consume(chunk: bytes) { emitted += $0 } }
            rest = rest.dropFirst(count)
        }
        reader.finish()
        facts = reader.facts
        self.emitted = facts.bareLineEnd == nil ? emitted : []
    }
}
