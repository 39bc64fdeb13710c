namespace VlmSharp.Hub;

/// <summary>Sizes as text, in the units of the hub's pages and of disks: 1 GB is 10^9 bytes.</summary>
internal static class ByteText
{
    /// <summary>For instance 1.20 GB.</summary>
    /// <param name="bytes">Bytes, or bytes per second.</param>
    public static string Of(double bytes) => bytes switch
    {
        < 1e3 => $"{bytes:0} bytes",
        < 1e6 => $"{bytes / 1e3:0.0} kB",
        < 1e9 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };
}
