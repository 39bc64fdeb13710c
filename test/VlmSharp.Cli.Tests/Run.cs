namespace VlmSharp.Cli.Tests;

/// <summary>Runs the program in this process with the console redirected.</summary>
internal static class Run
{
    private static readonly SemaphoreSlim Console1 = new(1, 1); // the process has one console

    public readonly record struct Outcome(int Code, string Output, string Error)
    {
        /// <summary>The lines of the output, without the end of the last line.</summary>
        public string[] Lines => Output.TrimEnd('\n').Split('\n');
    }

    public static async Task<Outcome> Vlmsharp(string input, params string[] args)
    {
        await Console1.WaitAsync();
        (TextWriter output, TextWriter error, TextReader reader) = (Console.Out, Console.Error, Console.In);
        try
        {
            using var o = new StringWriter { NewLine = "\n" };
            using var e = new StringWriter { NewLine = "\n" };
            Console.SetOut(o);
            Console.SetError(e);
            Console.SetIn(new StringReader(input));
            int code = await Program.RunAsync(args);
            return new Outcome(code, o.ToString(), e.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
            Console.SetIn(reader);
            Console1.Release();
        }
    }
}
