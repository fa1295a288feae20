import Store

/// How long what was being delivered at a crash rests: longer behind each crash, and each suspect apart from the others.
///
/// All that was under way on the thread that fell is suspected, and one of it is guilty. If all of it came due together again, all of it
/// would meet the next crash too, and the last, and be held. So they come due one after another: whoever is innocent
/// goes out meanwhile, and the next crash meets only the guilty one and what is delivered in the same moment.
enum SuspectRest {
    /// Behind a message's first crash, its second, and so on; behind the next one it is held.
    struct Round {
        /// Seconds that the first of them rests.
        let rest: Int64
        /// Seconds between two of them: about as long as a delivery takes, and then longer than a slow one.
        let apart: Int64
        /// Seconds between the first and the last: where they are many, they come closer to each other.
        let span: Int64
    }

    /// Ours.
    static let rounds = [
        Round(rest: 30, apart: 10, span: 3600),
        Round(rest: 300, apart: 300, span: 8 * 3600),
    ]

    /// - Returns: for each of the suspects how many seconds it rests; nil for one that is to be held.
    static func seconds(for suspects: [InFlight.Suspect]) -> [Int64?] {
        let sizes = Dictionary(suspects.map { ($0.crashes, Int64(1)) }, uniquingKeysWith: +)
        var places: [Int: Int64] = [:]
        return suspects.map { suspect in
            guard (1...rounds.count).contains(suspect.crashes) else { return nil }
            let round = rounds[suspect.crashes - 1]
            let place = places[suspect.crashes, default: 0]
            places[suspect.crashes] = place + 1
            return round.rest + min(place * round.apart, place * round.span / sizes[suspect.crashes, default: 1])
        }
    }
}
