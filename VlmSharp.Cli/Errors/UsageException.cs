namespace VlmSharp.Cli.Errors;

/// <summary>The command line asks for something impossible; detected after parsing.</summary>
internal sealed class UsageException(string message) : Exception(message);
