using System.CommandLine;
using System.Text.Json;
using VlmSharp.Cli.Diagnosis;
using VlmSharp.Cli.Errors;
using VlmSharp.Cli.Options;
using VlmSharp.Cli.Output;
using VlmSharp.Hub;

namespace VlmSharp.Cli.Commands;

/// <summary><c>vlmsharp doctor</c>: checks this machine, and says what to do about anything missing.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<bool> online = new("--online") { Description = "Also ask the hub whether it is there, and whether it knows the token." };
        Option<bool> json = new("--json") { Description = "One JSON object instead of lines." };
        var hub = new HubOptionsBinder();
        const string Description = "Looks at this machine: processor, memory, devices, cache and its models, token, disk.";
        var command = new ExampleCommand("doctor", Description, """
            Each line is good, a warning or a problem, and a line that is not good says what to do. Nothing is sent anywhere without
            --online. A token is never shown, only where it was found. Exit code 1 if there is a problem, else 0.

            Examples:
              vlmsharp doctor
              vlmsharp doctor --online
              vlmsharp doctor --json | jq '.findings[] | select(.level != "good")'
            """) { online, json };
        hub.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            Command root = command.Parents.OfType<Command>().Single();
            List<Finding> findings =
            [
                .. BuildChecks.All(root),
                .. MachineChecks.All(),
                .. await HubAsync(hub, parsed, parsed.GetValue(online), cancellation),
            ];
            if (parsed.GetValue(json)) JsonOutput.WriteLine(o => Write(o, findings));
            else Show(findings);
            return findings.Any(f => f.Level == Level.Problem) ? ExitCodes.NotReady : ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The findings about the hub. Options that cannot be read are a finding too.</summary>
    private static async Task<List<Finding>> HubAsync(
        HubOptionsBinder hub, ParseResult parsed, bool isOnline, CancellationToken cancellation)
    {
        try
        {
            HubOptions options = hub.BindWithoutToken(parsed);
            (HubToken? token, Finding about) = Token(hub, parsed, options);
            options = options with { Token = token };
            List<Finding> findings = [.. HubChecks.All(options, about), .. FolderChecks.All(options.CacheDirectory)];
            if (isOnline) findings.Add(await HubChecks.OnlineAsync(options, cancellation));
            return findings;
        }
        catch (Exception e) when (e is HubException or UsageException or IOException or UnauthorizedAccessException)
        {
            return [Finding.Problem("hub", "its settings cannot be used", e.Message)];
        }
    }

    /// <summary>The token and the finding about it. If the token is unusable, the other checks continue without it.</summary>
    private static (HubToken? Token, Finding About) Token(HubOptionsBinder hub, ParseResult parsed, HubOptions options)
    {
        try
        {
            HubToken? token = hub.Bind(parsed).Token;
            return (token, HubChecks.Token(options with { Token = token }));
        }
        catch (Exception e) when (e is HubException or IOException)
        {
            return (null, Finding.Problem("token", "cannot be used", e.Message));
        }
    }

    private static void Show(List<Finding> findings)
    {
        foreach (Finding finding in findings)
        {
            string mark = finding.Level switch { Level.Good => "good   ", Level.Warning => "WARNING", _ => "PROBLEM" };
            Console.WriteLine($"{mark}  {finding.Name}: {finding.Text}");
            if (finding.Advice is { } advice) Console.WriteLine($"         -> {advice}");
        }
    }

    private static void Write(Utf8JsonWriter o, List<Finding> findings)
    {
        o.WriteStartObject();
        o.WriteNumber("problems", findings.Count(f => f.Level == Level.Problem));
        o.WriteNumber("warnings", findings.Count(f => f.Level == Level.Warning));
        o.WriteStartArray("findings");
        foreach (Finding finding in findings)
        {
            o.WriteStartObject();
            o.WriteString("name", finding.Name);
            o.WriteString("level", finding.Level switch { Level.Good => "good", Level.Warning => "warning", _ => "problem" });
            o.WriteString("text", finding.Text);
            if (finding.Advice is { } advice) o.WriteString("advice", advice);
            o.WriteEndObject();
        }

        o.WriteEndArray();
        o.WriteEndObject();
    }
}
