extension ReceivedReport {
    /// Reads the JSON of a report.
    ///
    /// What a report cannot do without is what it is known and told from others by: a sender, an id, a period and
    /// `policies`. All the rest may be missing or of another kind; then it is taken for what was meant, and
    /// ``faults`` says so.
    public init(json: [UInt8]) throws(UnreadableReport) {
        guard json.count <= Self.sizeLimit else {
            throw UnreadableReport("it has more than \(Self.sizeLimit) octets")
        }
        var reader = JSONReader(json)
        let node: JSONNode
        do throws(JSONFault) {
            node = try reader.read()
        } catch {
            throw UnreadableReport("\(error.words) (octet \(error.octet))")
        }
        guard case .object(let members) = node else {
            throw UnreadableReport("the JSON is \(node.kind), where a report is an object")
        }
        let faults = ReportFaults()
        if reader.isDamaged { faults.add("some text in it is not valid Unicode") }
        let report = ReportFields(members, of: "the report", faults)

        let contact = report.text("contact-info")
        let organization = report.text("organization-name")
        guard organization != nil || contact != nil else {
            throw UnreadableReport("it does not say whose it is: organization-name is missing")
        }
        if organization == nil { report.noteMissing("organization-name") }
        if contact == nil { report.noteMissing("contact-info") }
        guard let id = report.text("report-id") else { throw UnreadableReport("report-id is missing") }
        guard let range = report.object("date-range") else { throw UnreadableReport("date-range is missing") }
        let start = try Self.time("start-datetime", in: range, faults)
        let end = try Self.time("end-datetime", in: range, faults)
        if end < start { faults.add("the period ends before it begins") }
        guard let entries = report.objects("policies") else {
            throw UnreadableReport("policies is missing, or is neither an array nor an object")
        }

        self.init(
            organization: organization ?? "", contact: contact, id: id, start: start, end: end,
            policies: entries.map { Policy($0, faults) }, faults: [])
        self.faults = faults.words
    }

    private static func time(
        _ name: String, in range: ReportFields, _ faults: ReportFaults
    ) throws(UnreadableReport) -> WallTime {
        guard let text = range.text(name) else { throw UnreadableReport("\(name) is missing") }
        guard let reading = LenientTime(text) else {
            throw UnreadableReport("\(name) is no date: \(ReportFaults.shown(text))")
        }
        if let fault = reading.fault { faults.add("\(name) \(fault)") }
        return reading.time
    }
}

extension ReceivedReport.Policy {
    fileprivate init(_ entry: ReportFields, _ faults: ReportFaults) {
        let policy = entry.object("policy")
        entry.noteMissing("policy")
        let summary = entry.object("summary")
        entry.noteMissing("summary")
        let type = policy?.text("policy-type")
        policy?.noteMissing("policy-type")
        if let type, PolicyResult.Policy(rawValue: type) == nil {
            faults.add("there is no policy-type \(ReportFaults.shown(type))")
        }
        let domain = policy?.text("policy-domain")
        policy?.noteMissing("policy-domain")
        self.init(
            type: type, domain: domain, strings: policy?.texts("policy-string") ?? [],
            mxHosts: policy?.texts("mx-host") ?? [],
            successes: summary?.count("total-successful-session-count") ?? 0,
            failures: summary?.count("total-failure-session-count") ?? 0,
            details: entry.objects("failure-details")?.map { ReceivedReport.Detail($0, faults) } ?? [])
    }
}

extension ReceivedReport.Detail {
    /// Such failures come before there is a connection (RPTC-20).
    private static let withoutConnection: Set<ResultType> = [
        .stsPolicyFetchError, .stsPolicyInvalid, .stsWebPKIInvalid, .tlsaInvalid, .dnssecInvalid, .daneRequired,
    ]

    fileprivate init(_ fields: ReportFields, _ faults: ReportFaults) {
        let resultType = fields.text("result-type")
        let type = resultType.flatMap(ResultType.init(rawValue:))
        if let resultType, type == nil { faults.add("there is no result-type \(ReportFaults.shown(resultType))") }
        fields.noteMissing("result-type")
        let sendingAddress = fields.text("sending-mta-ip")
        let receivingAddress = fields.text("receiving-ip")
        if sendingAddress == nil, type.map({ !Self.withoutConnection.contains($0) }) ?? true {
            fields.noteMissing("sending-mta-ip")
        }
        for (name, text) in [("sending-mta-ip", sendingAddress), ("receiving-ip", receivingAddress)] {
            if let text, IPAddress(text) == nil { faults.add("\(name) is no address: \(ReportFaults.shown(text))") }
        }
        self.init(
            resultType: resultType, reasonCode: fields.text("failure-reason-code"), sendingAddress: sendingAddress,
            receivingHost: fields.text("receiving-mx-hostname"), receivingHELO: fields.text("receiving-mx-helo"),
            receivingAddress: receivingAddress, moreInformation: fields.text("additional-information"),
            sessions: fields.count("failed-session-count"))
    }
}
