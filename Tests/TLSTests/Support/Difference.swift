/// Where two long runs of octets part, in words; nil where they are equal. `#expect(a == b)` works out the shortest edit
/// between the two first, which for a few million octets takes hours.
func difference(_ found: [UInt8], _ expected: [UInt8]) -> String? {
    if found == expected { return nil }
    let same = zip(found, expected).prefix { $0 == $1 }.count
    return "\(found.count) octets instead of \(expected.count), the first \(same) alike"
}
