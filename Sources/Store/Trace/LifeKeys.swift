// The names of members in the JSON of a life. Never changed, only added to: they are on disk. Short, because there is
// one for each value of each message.

extension Life {
    enum CodingKeys: String, CodingKey {
        case id
        case messageID = "mid"
        case kind = "k"
        case sender = "s"
        case receivedAt = "ra"
        case endedAt = "ea"
        case size = "sz"
        case client = "c"
        case demand = "d"
        case recipients = "r"
        case notices = "n"
        case notes = "w"
        case omittedRecipients = "or"
        case omittedAttempts = "oa"
    }
}

extension Life.Client {
    enum CodingKeys: String, CodingKey {
        case name = "n"
        case address = "a"
        case tls = "t"
        case login = "l"
        case forwarded = "f"
        case listener = "i"
    }
}

extension Life.Recipient {
    enum CodingKeys: String, CodingKey {
        case address = "a"
        case destination = "d"
        case outcome = "o"
        case cause = "c"
        case detail = "w"
        case reply = "r"
        case host = "h"
        case notify = "n"
        case attempts = "t"
    }
}

extension Life.Attempt {
    enum CodingKeys: String, CodingKey {
        case time = "t"
        case host = "h"
        case address = "a"
        case tlsLevel = "l"
        case verifiedBy = "v"
        case requiredBy = "q"
        case tls = "s"
        case result = "o"
        case reply = "r"
        case milliseconds = "ms"
        case times = "p"
        case decision = "d"
        case evidence = "e"
        case phases = "f"
    }
}

extension Life.Note {
    enum CodingKeys: String, CodingKey {
        case time = "t"
        case words = "w"
    }
}
