import Mail
import TLS

/// One way in: a listener with all that its sessions begin with.
struct Entrance: Sendable {
    let listener: IntakeListener
    let session: ServerSession.Configuration
    /// Nil where the listener has no TLS.
    let tls: ServerContext?

    /// All that the operator configured. Listeners with the same certificate share a context.
    static func all(_ configuration: Configuration, hostname: DomainName) throws(ConfigurationError) -> [Entrance] {
        let intake = configuration.intake
        let certificates: ClientCertificateRequest =
            intake.asksForCertificates ? .asked(authorities: intake.clientCAFile) : .none
        var contexts: [[String]: ServerContext?] = [:]
        var entrances: [Entrance] = []
        var faults: [ConfigurationFault] = []
        for (index, listener) in intake.resolvedListeners.enumerated() {
            var context: ServerContext?
            if listener.tls != .none, let certificate = listener.certificatePath, let key = listener.keyPath {
                if let known = contexts[[certificate, key]] {
                    context = known
                } else {
                    do throws(TLSError) {
                        context = try ServerContext(
                            certificateFile: certificate, keyFile: key, clientCertificates: certificates)
                    } catch {
                        faults.append(configuration.fault(error, ofListener: index))
                    }
                    contexts[[certificate, key]] = .some(context)
                }
            }
            entrances.append(
                Entrance(
                    listener: listener,
                    session: ServerSession.Configuration(
                        hostname: hostname, intake, listener, postmaster: configuration.dsn.postmaster),
                    tls: context))
        }
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        return entrances
    }
}

extension Configuration {
    /// What is wrong with the certificate of the listener at `index` of ``Configuration/Intake/resolvedListeners``.
    fileprivate func fault(_ error: TLSError, ofListener index: Int) -> ConfigurationFault {
        let cure = "Name a chain in PEM, own certificate first, and its key without a passphrase"
        if let authorities = intake.clientCAFile, error.kind == .file(authorities) {
            return fault("intake.client_ca_file", error.text, "Name a file of certificates in PEM")
        }
        let own = index - intake.listen.count
        let hasOwn = intake.listeners.indices.contains(own) && intake.listeners[own].tlsCertificate != nil
        let table = hasOwn ? "intake.listener[\(own)]" : "intake"
        let certificate = hasOwn ? intake.listeners[own].tlsCertificate : intake.tlsCertificate
        // Both may lie in one file.
        let isKey = certificate.map { error.kind != .file($0) } ?? false
        return fault("\(table).\(isKey ? "tls_key" : "tls_certificate")", error.text, cure)
    }
}

extension ServerSession.Configuration {
    /// What the operator configured for sessions of `listener`.
    init(hostname: DomainName, _ intake: Configuration.Intake, _ listener: IntakeListener, postmaster: Mailbox?) {
        self.init(
            hostname: hostname, messageLimit: intake.messageLimit, recipientLimit: intake.recipientLimit,
            receivedLimit: intake.receivedLimit, errorLimit: intake.errorLimit, loginLimit: intake.authFailureLimit,
            longLines: intake.longLines, security: listener.tls, postmaster: postmaster,
            spoken: listener.protocol,
            role: listener.role,
            acknowledgement: listener.acknowledgement,
            mechanisms: listener.offersAuth ? SASLMechanismName.allCases : [])
    }
}
