namespace VlmSharp.Cli.Errors;

/// <summary>The server cannot run on this machine.</summary>
internal sealed class ServerUnavailableException(string message) : Exception(message);
