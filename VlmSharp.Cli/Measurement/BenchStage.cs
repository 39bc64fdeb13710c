namespace VlmSharp.Cli.Measurement;

/// <summary>One measured stage of a backend.</summary>
/// <param name="Name">Which.</param>
/// <param name="Work">What it does, in bytes and operations.</param>
/// <param name="Seconds">Median time.</param>
/// <param name="FloorSeconds">The time at the backend's limit; 0 where the stage has none or it is not measured.</param>
/// <param name="Share">Floor / time, the median over the runs.</param>
/// <param name="Rate">Work per second, for people; empty where there is none.</param>
internal readonly record struct BenchStage(string Name, string Work, double Seconds, double FloorSeconds, double Share, string Rate)
{
    public bool HasFloor => FloorSeconds > 0;
}
