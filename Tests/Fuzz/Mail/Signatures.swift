import Fuzzing

@testable import Mail

/// DKIM: keys, signatures, and the messages they are of.
extension Target {
    static let signatures: [Target] = [
        Target("dkim-key") { octets in
            do throws(DKIMFault) {
                let record = try DKIMKeyRecord(parsing: octets)
                must(
                    (try? DKIMKeyRecord(parsing: Array(record.text.utf8))) == record, "\(record.text) is read otherwise"
                )
                must(record.strings.joined() == record.text, "its strings are not the record")
                must(record.strings.allSatisfy { $0.utf8.count <= DKIMKeyRecord.stringLimit }, "a string is too long")
            } catch {
                must(!"\(error)".hasControls, "\(error)")
            }
        },
        Target("dkim-signature") { octets in
            do throws(DKIMFault) {
                let signature = try DKIMSignature(parsing: octets)
                must(signature.names.contains("from"), "From is not signed")
                must(signature.bodyHash.count == DKIMSignature.hashLength, "\(signature.bodyHash.count) octets of bh=")
                must(!signature.names.contains(where: \.hasControls), "\(signature.names)")
                must(DKIMSignature.signingDomain(of: octets[...]) == signature.signingDomain, "d= is read otherwise")
                if let identity = signature.identity {
                    must(!identity.description.hasControls, identity.description)
                    must(identity.isCovered(by: signature.signingDomain), "\(identity)")
                }
            } catch {
                must(!"\(error)".hasControls, "\(error)")
            }
        },
        Target("dkim-signable") { octets in
            do throws(DKIMUnsignable) {
                let message = try DKIMSignable(reading: octets)
                must(!message.authorDomain.hasControls, message.authorDomain.debugDescription)
                must(message.bodyOffset <= octets.count, "the body begins behind the end")
                let behind = octets + Array("X: y\r\n".utf8)
                if message.header.bodyOffset != nil {
                    must((try? DKIMSignable(reading: behind)) == message, "the body matters")
                }
                check(message, octets)
            } catch {
                must(!"\(error)".hasControls, "\(error)")
            }
        },
        Target("dkim-verify") { octets in
            var draw = Draw(octets)
            let key = draw.line()
            let message = draw.all()
            let verification = DKIMVerification(of: message, at: WallTime(seconds: 1_800_000_000))
            must(
                verification.checks.count <= DKIMVerification.signatureLimit, "\(verification.checks.count) signatures")
            must(verification.bodyOffset <= message.count, "the body begins behind the end")
            for check in verification.checks {
                let body = DKIMBodyHash(digest: check.signature?.bodyHash ?? [], length: 1_000)
                let result = verification.result(of: check, key: .records([key]), body: body) { _, _, _ in .valid }
                must(!result.words.hasControls && !result.remarks.contains(where: \.hasControls), "\(result)")
                if case .decided(let decided) = check.step { must(decided.verdict != .pass, "it passes without a key") }
                if result.verdict == .pass {
                    must(result.signature?.names.contains("from") == true, "From is not signed")
                }
            }
        },
        Target("dkim-body") { octets in
            for form in DKIMCanonicalization.Form.allCases {
                let whole = canonical(octets, form, piece: max(1, octets.count))
                for piece in [1, 3, 64] {
                    must(
                        canonical(octets, form, piece: piece) == whole, "\(form) differs by how it comes, in \(piece)s")
                }
                must(canonical(whole, form, piece: 5) == whole, "\(form) of \(form) is another")
                must(whole == reference(octets, form), "\(form) is not what RFC 6376 says")
            }
        },
    ]

    /// What we sign can be read back, and covers the same fields.
    private static func check(_ message: DKIMSignable, _ octets: [UInt8]) {
        guard let domain = try? DomainName(message.authorDomain), let selector = try? DomainName("s"),
            let terms = try? DKIMTerms(
                signingDomain: domain, selector: selector, algorithm: .ed25519SHA256, time: WallTime(seconds: 1_000))
        else { return }
        let plan = DKIMSigningPlan(message, of: octets, terms: terms)
        let hash = [UInt8](repeating: 1, count: DKIMSignature.hashLength)
        let field = plan.field(bodyHash: hash, signature: [1, 2, 3])
        let signed = DKIMVerification(of: field + octets, at: WallTime(seconds: 1_001))
        guard let signature = signed.checks.first?.signature else { return must(false, "our signature cannot be read") }
        must(signature.names == plan.names && signature.signature == [1, 2, 3], "our signature is another")
        let key = Array("v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".utf8)
        var input: [UInt8] = []
        let result = signed.result(
            of: signed.checks[0], key: .records([key]), body: DKIMBodyHash(digest: hash, length: 0)
        ) {
            input = $2
            return .valid
        }
        must(result.verdict == .pass, result.words)
        must(input == plan.input(bodyHash: hash), "what is verified is not what was signed")
    }

    private static func canonical(_ octets: [UInt8], _ form: DKIMCanonicalization.Form, piece: Int) -> [UInt8] {
        var canonicalizer = DKIMBodyCanonicalizer(form)
        var made: [UInt8] = []
        var rest = octets[...]
        while !rest.isEmpty {
            Array(rest.prefix(piece)).withUnsafeBytes { bytes in canonicalizer.update(bytes) { made += $0 } }
            rest = rest.dropFirst(piece)
        }
        canonicalizer.finish { made += $0 }
        must(canonicalizer.length == UInt64(made.count), "\(canonicalizer.length) octets counted, \(made.count) made")
        return made
    }

    /// RFC 6376 §3.4.3 and §3.4.4, with all of the body at hand.
    private static func reference(_ octets: [UInt8], _ form: DKIMCanonicalization.Form) -> [UInt8] {
        var lines: [[UInt8]] = [[]]
        for octet in octets {
            if octet == 0x0A, lines[lines.count - 1].last == 0x0D {
                lines[lines.count - 1].removeLast()
                lines.append([])
            } else {
                lines[lines.count - 1].append(octet)
            }
        }
        if form == .relaxed { lines = lines.map(reduced) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return form == .simple ? [0x0D, 0x0A] : [] }
        return lines.flatMap { $0 + [0x0D, 0x0A] }
    }

    /// Runs of blanks as one, none at the end.
    private static func reduced(_ line: [UInt8]) -> [UInt8] {
        var made: [UInt8] = []
        var isBehindBlank = false
        for octet in line {
            if octet == 0x20 || octet == 0x09 {
                isBehindBlank = true
                continue
            }
            if isBehindBlank { made.append(0x20) }
            isBehindBlank = false
            made.append(octet)
        }
        return made
    }
}
