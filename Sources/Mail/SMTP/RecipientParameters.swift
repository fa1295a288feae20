/// What RCPT says besides the forward-path (RFC 5321 §4.1.1.3): the values of its parameters, read and found good.
public struct RecipientParameters: Hashable, Sendable {
    /// NOTIFY and ORCPT (RFC 3461 §4.1, §4.2).
    public var request: RecipientRequest

    public init(request: RecipientRequest = .none) {
        self.request = request
    }
}

extension RecipientParameters {
    /// Reads the parameters of RCPT. What is not known is refused, and known ones with a value that is none.
    init(_ parameters: [CommandParameter]) throws(CommandError) {
        self.init()
        for parameter in parameters {
            switch parameter.keyword {
            case "NOTIFY": request.notify = try Self.conditions(parameter)
            case "ORCPT":
                guard let value = parameter.value, value.count <= OriginalRecipient.lengthLimit,
                    let text = String(validating: value, as: UTF8.self),
                    let recipient = OriginalRecipient(parsing: text)
                else { throw .badValue("ORCPT") }
                request.originalRecipient = recipient
            default: throw .unknownParameter(parameter.keyword)
            }
        }
    }

    // notify-esmtp-value = "NEVER" / 1#notify-list-element
    // notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
    private static func conditions(_ parameter: CommandParameter) throws(CommandError) -> NotifyConditions {
        let text = try parameter.word()
        if text == "NEVER" { return [] }
        var conditions: NotifyConditions = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let condition: NotifyConditions
            switch word {
            case "SUCCESS": condition = .success
            case "FAILURE": condition = .failure
            case "DELAY": condition = .delay
            default: throw .badValue("NOTIFY")
            }
            guard conditions.insert(condition).inserted else { throw .badValue("NOTIFY") }
        }
        return conditions
    }
}
