namespace VlmSharp.Server.Observing;

/// <summary>Marks a route that machines ask every few seconds whether all is well. Its requests are not logged, measured or traced as long as it is.</summary>
internal sealed class QuietRoute;
