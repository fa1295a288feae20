import Glibc

/// What the source writes into each content: the message's number, and the moment it was submitted.
struct Marker: Equatable {
    /// The field's name; `X-Bench: SEQUENCE NANOSECONDS` is the field.
    static let fieldName: StaticString = "x-bench:"

    /// The run in the upper 32 bits, the message's number within it in the lower: a second run repeats no number.
    let sequence: UInt64
    /// On the monotonic clock, which source and sink share.
    let nanoseconds: UInt64
}

/// Looks for the marker in the header of a content that comes in pieces. Relays put fields of their own before it.
struct MarkerReader {
    private enum State {
        /// So many octets of the field's name have matched; 0 at the beginning of a line.
        case name(Int)
        /// A CR at the beginning of a line: the header ends with the LF.
        case blank
        /// In another field.
        case passing
        case beforeSequence, sequence(UInt64), beforeMoment(UInt64), moment(UInt64, UInt64)
        case ended
    }

    private var state = State.name(0)
    private(set) var marker: Marker?

    /// Nothing is left to be found: the header has ended, or the marker has been read.
    var hasEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// Reads on. Cheap once it has ended.
    mutating func read(_ chunk: UnsafeRawBufferPointer, from start: Int, to end: Int) {
        guard let base = chunk.baseAddress else { return }
        var place = start
        while place < end {
            switch state {
            case .ended:
                return
            case .passing:
                guard let lineEnd = memchr(base + place, 0x0A, end - place) else { return }
                place = UnsafeRawPointer(lineEnd) - base + 1
                state = .name(0)
            default:
                state = next(state, chunk[place])
                place += 1
            }
        }
    }

    private mutating func next(_ state: State, _ octet: UInt8) -> State {
        switch (state, octet) {
        case (.blank, 0x0A), (.name(0), 0x0A): return .ended
        case (.name(0), 0x0D): return .blank
        case (.name(let matched), _):
            guard octet | 0x20 == Marker.fieldName.utf8Start[matched] | 0x20 else { return passing(octet) }
            return matched + 1 == Marker.fieldName.utf8CodeUnitCount ? .beforeSequence : .name(matched + 1)
        case (.beforeSequence, 0x20), (.beforeSequence, 0x09): return .beforeSequence
        case (.beforeSequence, 0x30...0x39): return .sequence(UInt64(octet & 0x0F))
        case (.sequence(let value), 0x30...0x39):
            return Self.appending(octet, to: value).map { .sequence($0) } ?? .passing
        case (.sequence(let value), 0x20): return .beforeMoment(value)
        case (.beforeMoment(let value), 0x20): return .beforeMoment(value)
        case (.beforeMoment(let sequence), 0x30...0x39): return .moment(sequence, UInt64(octet & 0x0F))
        case (.moment(let sequence, let value), 0x30...0x39):
            return Self.appending(octet, to: value).map { .moment(sequence, $0) } ?? .passing
        case (.moment(let sequence, let value), 0x0D), (.moment(let sequence, let value), 0x0A):
            marker = Marker(sequence: sequence, nanoseconds: value)
            return .ended
        case (.ended, _): return .ended
        default: return passing(octet)
        }
    }

    /// A line's end is one also where something else was expected.
    private func passing(_ octet: UInt8) -> State {
        octet == 0x0A ? .name(0) : .passing
    }

    private static func appending(_ octet: UInt8, to value: UInt64) -> UInt64? {
        let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
        let (sum, isAlsoOver) = tens.addingReportingOverflow(UInt64(octet & 0x0F))
        return isOver || isAlsoOver ? nil : sum
    }
}
