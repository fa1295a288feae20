import Testing

@testable import Mail

/// `xtext` (RFC 3461 §4). Other relays have lost a NUL in it, left a plus unquoted, and let a line break through to the file of a message.
struct XTextTests {
    @Test("Every octet, and every two, come back as they went in, in printable ASCII without blanks")
    func roundTrip() {
        for first in UInt8.min...UInt8.max {
            for octets in [[first], [first, 0], [0x2B, first], [first, 0x41]] {
                let text = XText.encoded(octets)
                #expect(text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "=") }, "\(octets)")
                #expect(XText.decoded(text.utf8) == octets, "\(octets): \(text)")
            }
        }
        let all = Array(UInt8.min...UInt8.max)
        #expect(XText.decoded(XText.encoded(all).utf8) == all)
        #expect(XText.decoded([]) == [])
    }

    @Test(
        "What is no xtext is nothing",
        arguments: [
            "+", "+4", "+4G", "+4a", "+-1", "++", "a+", "a b", "a=b", "a\nb", "a\rb", "\0", "\u{7F}", "ü", "+ 1",
        ])
    func malformed(text: String) {
        #expect(XText.decoded(text.utf8) == nil)
    }
}
