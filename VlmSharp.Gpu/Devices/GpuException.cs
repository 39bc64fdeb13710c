namespace VlmSharp.Gpu.Devices;

/// <summary>A GPU was requested but cannot be used: no driver, no such device, too old, or its memory is full.</summary>
/// <param name="message">One sentence for the user: what happened, why, and what to do.</param>
/// <param name="innerException">The exception that caused it, or null.</param>
public sealed class GpuException(string message, Exception? innerException = null) : VlmSharpException(message, innerException);
