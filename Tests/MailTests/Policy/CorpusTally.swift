import Testing

/// What became of the cases of one corpus file, printed at its end. No case is dropped: each agrees with what its source or
/// the second reading says, differs for a reason that is written down, is skipped for one, or fails the test.
struct CorpusTally {
    let name: String
    private var agreed = 0
    private var differing: [String: [String]] = [:]
    private var skipped: [String: [String]] = [:]
    private var wrong: [String] = []

    init(_ name: String) { self.name = name }

    /// `difference`: why the expectation is ours and not that of the case's source.
    mutating func note(_ id: String, _ isRight: Bool, differing difference: String? = nil) {
        if !isRight {
            wrong.append(id)
        } else if let difference {
            differing[difference, default: []].append(id)
        } else {
            agreed += 1
        }
    }

    mutating func skip(_ id: String, _ why: String) { skipped[why, default: []].append(id) }

    func report(of total: Int) {
        let (differ, skip) = (ids(differing), ids(skipped))
        print("corpus \(name): agree \(agreed), differ \(said(differ)), skipped \(said(skip))")
        for (word, lists) in [("differ", differing), ("skipped", skipped)] {
            for (why, ids) in lists.sorted(by: { $0.key < $1.key }) {
                print("  \(word), \(why): \(ids.joined(separator: " "))")
            }
        }
        #expect(wrong.isEmpty, "\(name): \(wrong)")
        #expect(agreed + wrong.count + differ.count + skip.count == total)
    }

    private func ids(_ lists: [String: [String]]) -> [String] { lists.values.flatMap(\.self).sorted() }

    private func said(_ ids: [String]) -> String { ids.isEmpty ? "0" : "\(ids.count) (\(ids.joined(separator: " ")))" }
}
