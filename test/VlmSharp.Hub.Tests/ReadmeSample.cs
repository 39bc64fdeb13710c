namespace VlmSharp.Hub.Tests;

/// <summary>The sample on the package's page, as code that compiles.</summary>
internal static class ReadmeSample
{
    public static async Task RunAsync()
    {
        // reads HF_HOME, HF_TOKEN, HF_ENDPOINT and the other variables
        HubOptions options = HubOptions.FromEnvironment(Environment.GetEnvironmentVariable);
        HubModel model = HubModel.Parse("google/paligemma-3b-mix-224");
        var progress = new Progress<HubProgress>(p => Console.Error.Write($"\r{p.TotalBytes >> 20} of {p.TotalSize >> 20} MiB"));
        try
        {
            string folder = await new HubClient(options).PullAsync(model, progress);
            Console.WriteLine(folder);
        }
        catch (HubException e) when (e.IsTransient)
        {
            Console.Error.WriteLine($"Try again later. {e.Message}");
        }
    }
}
