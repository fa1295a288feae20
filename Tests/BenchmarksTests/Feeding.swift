@testable import waxwing_bench

/// Lends the octets of a text as they would come from a socket: in pieces of that size.
func feed(_ text: String, pieces size: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    let octets = Array(text.utf8)
    var start = 0
    while start < octets.count {
        let end = min(start + size, octets.count)
        octets[start..<end].withUnsafeBytes(body)
        start = end
    }
}

/// The head of the one line that a text is.
func head(_ line: String) -> LineHead {
    var head = LineHead()
    feed(line + "\r\n", pieces: .max) { chunk in
        var place = 0
        _ = head.take(chunk, from: &place)
    }
    return head
}

extension String {
    init(_ buffer: borrowing OctetBuffer) {
        self = String(decoding: buffer.octets, as: UTF8.self)
    }
}
