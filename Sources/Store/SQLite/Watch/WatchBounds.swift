/// ``WatchLimits`` as a store holds itself to them: smaller ones fill faster.
struct WatchBounds: Sendable {
    var exceptions = WatchLimits.exceptions
    var alarms = WatchLimits.alarms
    var facts = WatchLimits.facts
    var changes = WatchLimits.changes
    var changesOfName = WatchLimits.changesOfName
    var namesOfDay = WatchLimits.namesOfDay
    var proofs = WatchLimits.proofs
    var observedOfDay = WatchLimits.observedOfDay
}
