namespace VlmSharp.Server.Keys;

/// <summary>The server's keys cannot be read. The message is for whoever runs the server; it has no key, and no part of one.</summary>
/// <param name="message">One sentence.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class KeyFormatException(string message, Exception? innerException = null) : VlmSharpException(message, innerException);
