using System.CommandLine;

namespace VlmSharp.Cli.Options;

/// <summary>Options that the training commands share.</summary>
internal static class TrainingOptions
{
    /// <summary>The <c>--data</c> option: the data file.</summary>
    public static Option<string> Data(string description)
    {
        var option = new Option<string>("--data")
        {
            Description = $"{description} See 'vlmsharp data --help' for the forms.",
            HelpName = "FILE",
            Required = true,
        };
        FileList.RefuseEmpty(option);
        return option;
    }

    /// <summary>The <c>--adapter</c> option: the folder of one adapter.</summary>
    public static Option<string?> Adapter(string description)
    {
        var option = new Option<string?>("--adapter") { Description = description, HelpName = "DIR" };
        FileList.RefuseEmpty(option);
        return option;
    }
}
