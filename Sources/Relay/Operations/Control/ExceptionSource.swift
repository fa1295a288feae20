import FlyingFox
public import Mail

/// What the daemon shows and does about exceptions and observed rules.
public protocol ExceptionSource: Sendable {
    /// All there are, by domain.
    func exceptions() async throws -> ExceptionsView
    /// Adds one from now on, in place of the one the domain has.
    func addException(_ order: ExceptionOrder) async throws -> ExceptionAdditionView
    /// nil where the domain has none.
    func removeException(of domain: DomainName) async throws -> ExceptionView?
    /// What rules in mode `observe` would have done today and on the days before, so many in all.
    func observed(days: Int) async throws -> ObservedView
}

/// An exception to be added.
public struct ExceptionOrder: Hashable, Sendable {
    public var domain: DomainName
    public var allow: PolicyException.Allowed
    /// 1 to ``ControlLimits/exception``.
    public var seconds: Int64
    public var reason: String
    public var isUntilFixed: Bool

    public init(
        domain: DomainName, allow: PolicyException.Allowed, seconds: Int64, reason: String, isUntilFixed: Bool = false
    ) {
        self.domain = domain
        self.allow = allow
        self.seconds = seconds
        self.reason = reason
        self.isUntilFixed = isUntilFixed
    }
}

extension ControlSource {
    func answer(_ request: ExceptionRequest) async throws -> ControlAnswer {
        switch request {
        case .list: return .found(try await exceptions())
        case .add(let order): return .found(try await addException(order))
        case .remove(let domain):
            if let removed = try await removeException(of: domain) { return .found(removed) }
            return .refused(
                .notFound, "no-such-exception", "there is no exception for \(domain)", "See /v1/exceptions")
        case .observed(let days): return .found(try await observed(days: days))
        }
    }
}
