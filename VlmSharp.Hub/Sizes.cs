namespace VlmSharp.Hub;

/// <summary>Bytes for people, in the units of the hub's pages: 1 GB is 10^9.</summary>
internal static class Sizes
{
    public static string Text(long bytes) => bytes switch
    {
        < 1000 => $"{bytes} bytes",
        < 1_000_000 => $"{bytes / 1e3:0.0} kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };
}
