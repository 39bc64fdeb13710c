using System.Text;
using VlmSharp.Cli.Inputs;

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

    public static Task<Outcome> Vlmsharp(string input, params string[] args) => Vlmsharp(Encoding.UTF8.GetBytes(input), args);

    public static async Task<Outcome> Vlmsharp(byte[] input, params string[] args)
    {
        await Console1.WaitAsync();
        (TextWriter output, TextWriter error, PipedInput standard) = (Console.Out, Console.Error, PipedInput.Standard);
        try
        {
            using var o = new StringWriter { NewLine = "\n" };
            using var e = new StringWriter { NewLine = "\n" };
            Console.SetOut(o);
            Console.SetError(e);
            PipedInput.Standard = new PipedInput(() => new MemoryStream(input), "standard input");
            int code = await Program.RunAsync(args);
            return new Outcome(code, o.ToString(), e.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
            PipedInput.Standard = standard;
            Console1.Release();
        }
    }
}
