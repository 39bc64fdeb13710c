namespace VlmSharp.Server.Keys;

/// <summary>The server's keys cannot be read. The message is for whoever runs the server; it has no key, and no part of one.</summary>
internal sealed class KeyFormatException(string message, Exception? innerException = null) : VlmSharpException(message, innerException);
