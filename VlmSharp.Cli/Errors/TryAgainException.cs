namespace VlmSharp.Cli.Errors;

/// <summary>A list could not be read or a result not be written in a run that can be continued.</summary>
internal sealed class TryAgainException(Exception why) : Exception(why.Message, why);
