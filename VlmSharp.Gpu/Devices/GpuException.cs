namespace VlmSharp.Gpu.Devices;

/// <summary>A GPU was asked for and cannot be used: no driver, no such device, too old, or its memory is full.</summary>
/// <param name="message">One sentence for the user: what, why, and what to do.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class GpuException(string message, Exception? innerException = null) : VlmSharpException(message, innerException);
