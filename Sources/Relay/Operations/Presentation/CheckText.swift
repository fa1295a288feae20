import Mail

extension STSLintDocument {
    public func text(_ style: TextStyle) -> String {
        var text: String
        if let fault = error.value {
            text = style.paint("invalid", .red) + "\n" + style.field("error:", fault.words, width: 9)
        } else {
            text = style.paint("valid", .green) + "\n"
            text += style.field("mode", mode.value ?? "", width: 9)
            text += style.field("max_age", maxAge.value.map { "\($0) seconds (\(Humane.span($0)))" } ?? "", width: 9)
            for name in mx { text += style.field("mx", name, width: 9) }
        }
        for warning in warnings { text += style.field("warning:", warning.words, width: 9) }
        return text
    }
}

extension STSLintDocument.Fault {
    var words: String { line.value.map { "line \($0): \(message)" } ?? message }
}

extension STSRecordDocument {
    public func text(_ style: TextStyle) -> String {
        if let id = id.value { return style.paint("ok", .green) + style.wrapped(": the policy's id is \(id)") + "\n" }
        return style.paint("none", .red) + style.wrapped(": \(why.value ?? "")") + "\n"
    }
}

extension TLSRPTRecordDocument {
    public func text(_ style: TextStyle) -> String {
        guard isGood else { return style.paint("none", .red) + style.wrapped(": \(why.value ?? "")") + "\n" }
        if let why = why.value { return style.paint("useless", .yellow) + style.wrapped(": \(why)") + "\n" }
        var text = style.paint("ok", .green) + "\n"
        for uri in rua { text += style.field("rua", uri, width: 5) }
        return text
    }
}

extension STSMatchDocument {
    public func text(_ style: TextStyle) -> String {
        if let fault = error.value {
            return style.paint("no match", .red) + style.wrapped(": the policy is invalid, \(fault.words)") + "\n"
        }
        if let pattern = pattern.value {
            return style.paint("match", .green) + style.wrapped(": \(host) is in the list as \(pattern)") + "\n"
        }
        let words =
            ": \(host) is not in the list. Add \"mx: \(host)\", or leave the MX record out; a wildcard stands for "
            + "exactly one label (RFC 8461 §4.1)."
        return style.paint("no match", .red) + style.wrapped(words) + "\n"
    }
}

extension DANECheckDocument {
    public func text(_ style: TextStyle) -> String {
        guard let record = matched.value else {
            return style.paint(result, .red) + style.wrapped(": \(why.value ?? "")") + "\n"
        }
        let place = record.depth == 0 ? "the leaf" : "the certificate at depth \(record.depth)"
        let fields = "\(record.usage) \(record.selector) \(record.matchingType) \(HostText.shortened(record.data))"
        return style.paint(result, .green) + style.wrapped(": \(fields) matches \(place)") + "\n"
    }
}
